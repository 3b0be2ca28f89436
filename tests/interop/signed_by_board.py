"""Run by MicroPython: signs as a board does; prints {name: [COSE_Sign1, external_aad]} in hex.

Arguments: the root of the tree, a secret, the id of the peer that is spoken to.
"""

import hashlib
import json
import sys

sys.path.insert(0, sys.argv[1])

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.feed.feed import Feed
from mesh.core.kit import Identity, Kit
from mesh.core.security.seal import seal_representation, seal_request, seal_response
from mesh.device import ed25519


def sha256(data):
    return hashlib.sha256(data).digest()


def main(secret, other):
    public = ed25519.public_key(secret)
    identity = Identity(public, lambda data: ed25519.sign(secret, public, data), lambda: 77)
    kit = Kit(sha256, ed25519.verify, cbor.encode, cbor.decode, bytes)
    reading = cbor.encode([{0: "temperature", 1: "Cel", 2: cbor.Decimal(2135, -2)}])

    request = coap.Message(coap.PUT).add(coap.URI_PATH, "actuators").add(coap.URI_PATH, "lamp")
    request.add(coap.ECHO, b"an Echo value")
    digest = seal_request(kit, identity, other, request, 60, b"\xf5")
    path = ["actuators", "lamp"]
    request_aad = ["othermesh-request", other, 3, path, [], None, None, b"an Echo value"]

    response = coap.Message(codes.CONTENT).add(coap.OBSERVE, 1000)
    seal_response(kit, identity, other, digest, response, 112, reading)
    response_aad = ["othermesh-response", other, digest, 0x45, 1000]

    feed = Feed(kit, public, 8)
    for n in range(3):
        feed.append([0, 1, n, None], "reading", reading)
    head = feed.sign(identity)

    made = {
        "representation": (seal_representation(kit, identity, 112, reading), b""),
        "request": (request.payload, cbor.encode(request_aad)),
        "response": (response.payload, cbor.encode(response_aad)),
        "head": (head, cbor.encode(["othermesh-head"])),
    }
    print(json.dumps({name: [part.hex() for part in made[name]] for name in made}))


main(bytes.fromhex(sys.argv[2]), bytes.fromhex(sys.argv[3]))
