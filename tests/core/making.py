"""The cases of messages.json, from the words of docs/protocol.md section 4: see signers.py."""

from board_keys import ed25519
from helpers import hexed
from making_refused import refused
from signers import ALICE, BOB, cose_of, protected_of, request_aad, response_aad, sha256

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec.cbor import Decimal, encode


def request_message(case):
    """The request of a case, not yet signed."""
    message = coap.Message(case["code"], b"", coap.CON, 0x1234, b"\x01\x02")
    for part in case["path"]:
        message.add(coap.URI_PATH, part)
    for part in case["query"]:
        message.add(coap.URI_QUERY, part)
    for number, value in ((coap.OBSERVE, case["observe"]), (coap.ACCEPT, case["accept"])):
        if value is not None:
            message.add(number, value)
    if case["echo"] is not None:
        message.add(coap.ECHO, bytes.fromhex(case["echo"]))
    return message


def response_message(case):
    """The response of a case, not yet signed."""
    message = coap.Message(case["code"], b"", coap.ACK, 0x1234, b"\x01\x02")
    if case["observe"] is not None:
        message.add(coap.OBSERVE, case["observe"])
    return message


def _datagram(message, cose):
    message.payload = cose
    message.add(coap.CONTENT_FORMAT, 18)
    return coap.build(message).hex()


def _signed(case, secret, aad):
    payload = bytes.fromhex(case["payload"])
    protected = protected_of(
        case["content format"],
        ed25519.public_key(secret) if case["what"] != "response" else None,
        case.get("counter"),
    )
    cose = cose_of(secret, protected, aad, payload)
    case["external_aad"] = hexed(aad)
    case["protected"] = protected.hex()
    case["Sig_structure"] = encode(["Signature1", protected, aad, payload]).hex()
    case["COSE_Sign1"] = cose.hex()
    return cose


def _request(meaning, code, path, content_format, payload, **more):
    case = {
        "what": "request",
        "meaning": meaning,
        "sender": ed25519.public_key(ALICE).hex(),
        "recipient": ed25519.public_key(BOB).hex(),
        "code": code,
        "path": path,
        "query": [],
        "observe": None,
        "accept": None,
        "echo": None,
        "counter": 7,
        "content format": content_format,
        "payload": hexed(payload),
    }
    case.update(more)
    cose = _signed(case, ALICE, request_aad(case))
    case["digest"] = sha256(cose).hex()
    case["datagram"] = _datagram(request_message(case), cose)
    return case


def _response(meaning, request, code, content_format, payload, observe=None):
    case = {
        "what": "response",
        "meaning": meaning,
        "responder": ed25519.public_key(BOB).hex(),
        "requester": request["sender"],
        "request digest": request["digest"],
        "code": code,
        "observe": observe,
        "content format": content_format,
        "payload": hexed(payload),
    }
    cose = _signed(case, BOB, response_aad(case))
    case["datagram"] = _datagram(response_message(case), cose)
    return case


def _representation(meaning, content_format, payload, counter):
    case = {
        "what": "representation",
        "meaning": meaning,
        "sender": ed25519.public_key(BOB).hex(),
        "counter": counter,
        "content format": content_format,
        "payload": hexed(payload),
    }
    _signed(case, BOB, b"")
    return case


def messages():
    """The cases of messages.json."""
    on = encode(True)
    problem = encode({-1: "unwilling", -2: "only the peer that introduced me may do this"})
    reading = encode([{0: "temperature", 1: "Cel", 2: Decimal(2135, -2)}])
    put = _request("PUT /actuators/lamp: true", coap.PUT, ["actuators", "lamp"], 60, on)
    watch = _request(
        "FETCH /feeds, observed: alice's from 12 on",
        coap.FETCH,
        ["feeds"],
        60,
        encode({ed25519.public_key(ALICE): 12}),
        observe=0,
        counter=0,
    )
    ask = _request(
        "FETCH without a payload: no content type",
        coap.FETCH,
        ["sensors", "fen\u00eatre \u2603"],
        None,
        b"",
        query=["a=1", "b=" + "2" * 30],
        accept=112,
        counter=2**64 - 1,
    )
    again = _request(
        "PUT with the Echo value it was asked for",
        coap.PUT,
        ["actuators", "lamp"],
        60,
        on,
        echo=bytes(range(12)).hex(),
        counter=256,
    )
    cases = [
        put,
        watch,
        ask,
        again,
        _response("2.04 without a payload", put, codes.CHANGED, None, b""),
        _response("2.05, a notification", watch, codes.CONTENT, 60, encode([]), 70_000),
        _response("2.05 in SenML", ask, codes.CONTENT, 112, reading),
        _response("4.03 with problem details", again, codes.FORBIDDEN, 257, problem),
        _response("2.05 of 300 bytes", ask, codes.CONTENT, 0, b"x" * 300),
        _representation("GET /sensors/temperature with Accept 18", 112, reading, 65_536),
        _representation("of nothing", None, b"", 1),
    ]
    cases += refused(put)
    return cases
