"""Peers for tests, and what they sign: every byte from the general CBOR encoder, as the words of
docs/protocol.md section 4 have it, and nothing from mesh.core.security.cose or message.
"""

import hashlib

from board_keys import ed25519

from mesh.core.codec import cbor
from mesh.core.codec.cbor import encode
from mesh.core.kit import Identity, Kit

ALICE, BOB, CAROL = (bytes(range(n, n + 32)) for n in (0, 32, 64))


def sha256(data):
    return hashlib.sha256(data).digest()


def make_kit():
    return Kit(sha256, ed25519.verify, cbor.encode, cbor.decode, bytes)


def identity(secret, counter=0):
    """Counters go up from this one."""
    public = ed25519.public_key(secret)
    counters = [counter - 1]

    def next_counter():
        counters[0] += 1
        return counters[0]

    return Identity(public, lambda data: ed25519.sign(secret, public, data), next_counter)


def make_hash_kit():
    """Signatures are hashes: as exact as real ones, and quick enough for thousands of them."""
    return Kit(sha256, _hash_verify, cbor.encode, cbor.decode, bytes)


def hash_identity(number, counter=0):
    public = sha256(b"peer %d" % number)
    counters = [counter - 1]

    def next_counter():
        counters[0] += 1
        return counters[0]

    return Identity(public, lambda data: _hash_sign(public, data), next_counter)


def _hash_sign(public, data):
    return sha256(b"1" + public + data) + sha256(b"2" + public + data)


def _hash_verify(public, signature, data):
    return signature == _hash_sign(public, data)


def protected_of(content_format, kid, counter):
    fields = {1: -19}
    if content_format is not None:
        fields[3] = content_format
    if kid is not None:
        fields[4] = kid
    if counter is not None:
        fields[15] = {7: counter.to_bytes(8, "big")}
    return encode(fields)


def signature_of(secret, protected, aad, payload):
    signed = encode(["Signature1", protected, aad, payload])
    return ed25519.sign(secret, ed25519.public_key(secret), signed)


def cose_of(secret, protected, aad, payload):
    return encode([protected, {}, payload, signature_of(secret, protected, aad, payload)])


def request_aad(case):
    return encode(
        [
            "othermesh-request",
            bytes.fromhex(case["recipient"]),
            case["code"],
            case["path"],
            case["query"],
            case["observe"],
            case["accept"],
            None if case["echo"] is None else bytes.fromhex(case["echo"]),
        ]
    )


def response_aad(case):
    requester, digest = bytes.fromhex(case["requester"]), bytes.fromhex(case["request digest"])
    return encode(["othermesh-response", requester, digest, case["code"], case["observe"]])
