"""The cases of setup.json, from the words of docs/protocol.md section 14, by Python's own hmac."""

import hashlib
import hmac

from mesh.core.codec.cbor import encode

CODE = "k7mp-3xqd-w9hn-r4tz"
BOARD, ASKER = bytes(range(32)), bytes(range(32, 64))
CHALLENGE, NONCE = bytes(range(64, 80)), bytes(range(80, 96))
HOME = {"ssid": "house", "password": "correct horse"}


def mac(code, *parts):
    key = hashlib.sha256(b"othermesh setup v1" + code.encode()).digest()
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def sealed(code, where, nonce, text):
    stream = b"".join(mac(code, b"box", where, nonce, bytes([i])) for i in range(4))
    box = bytes(a ^ b for a, b in zip(text, stream, strict=False))
    return [nonce, box, mac(code, b"proof", where, nonce, box)]


def case(meaning, network, error=None, code=CODE, cut=None):
    """One body of PUT /setup; with an error, one that is refused."""
    where = BOARD + ASKER + CHALLENGE
    text = encode(network) if isinstance(network, dict) else network
    parts = sealed(code, where, NONCE, text)
    if cut is not None:
        parts[cut] = parts[cut][:-1]
    made = {
        "meaning": meaning,
        "code": CODE,
        "board": BOARD.hex(),
        "asker": ASKER.hex(),
        "challenge": CHALLENGE.hex(),
        "nonce": NONCE.hex(),
        "text": text.hex(),
        "body": encode(parts).hex(),
        "receipt": mac(CODE, b"taken", where, NONCE).hex(),
    }
    return made | ({"error": error} if error else {})


def bodies():
    """The cases of setup.json."""
    return [
        case("a network with a password", HOME),
        case("an open network", {"ssid": "inn"}),
        case("a key more, which is passed over", HOME | {"hidden": True}),
        case("the longest", {"ssid": "x" * 32, "password": "y" * 63}),
        case("another code", HOME, "the code is wrong", code="k7mp-3xqd-w9hn-r4tt"),
        case("a nonce of another size", HOME, "the body is", cut=0),
        case("a proof of another size", HOME, "the body is", cut=2),
        case("a box of another size", HOME, "the code is wrong", cut=1),
        case("not CBOR", b"\xff", "CBOR"),
        case("no map", encode(["house"]), "name has 1 to 32 bytes"),
        case("no name", {"password": "correct horse"}, "name has 1 to 32 bytes"),
        case("a name that is too long", {"ssid": "x" * 33}, "name has 1 to 32 bytes"),
        case("a password that is none", {"ssid": "house", "password": 7}, "is a text"),
        case("a short password", {"ssid": "house", "password": "1234567"}, "8 to 63 bytes"),
        case("a line break", {"ssid": "a\nb"}, "control characters"),
    ]
