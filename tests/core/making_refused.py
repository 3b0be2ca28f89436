"""The cases of messages.json that are to be refused."""

from board_keys import ed25519
from helpers import hexed
from signers import ALICE, BOB, CAROL, cose_of, request_aad

from mesh.core import codes
from mesh.core.codec.cbor import encode


def refused(put):
    """COSE_Sign1s in place of that of the first request: what is wrong, and the code that says so.

    The signature is right for what stands there, wherever there can be one.
    """
    aad, payload = request_aad(put), bytes.fromhex(put["payload"])
    cose = bytes.fromhex(put["COSE_Sign1"])
    kid = ed25519.public_key(ALICE)
    protected = bytes.fromhex(put["protected"])
    signature = cose[-64:]
    cases = _frames(protected, payload, signature, cose)
    for meaning, header in _headers(kid):
        cases.append((meaning, 0x80, cose_of(ALICE, header, aad, payload)))
    other = dict(put)
    other["recipient"] = ed25519.public_key(CAROL).hex()
    for meaning, secret, bound in (
        ("signed with another key", BOB, aad),
        ("made for another peer", ALICE, request_aad(other)),
        ("signed as a head", ALICE, encode(["othermesh-head"])),
        ("signed as a representation", ALICE, b""),
    ):
        cases.append((meaning, 0x81, cose_of(secret, protected, bound, payload)))
    accepted = {1: -19, 3: 60, 4: kid, 15: {6: 1, 7: (7).to_bytes(8, "big")}, 100: "unknown"}
    cases.append(
        (
            "labels and claims not known here are ignored",
            None,
            cose_of(ALICE, encode(accepted), aad, payload),
        )
    )
    return [
        {
            "what": "accepted" if code is None else "refused",
            "meaning": meaning,
            "code": None if code is None else codes.text(code),
            "COSE_Sign1": hexed(data),
        }
        for meaning, code, data in cases
    ]


def _frames(protected, payload, signature, cose):
    """Wrong arrays around the right parts."""
    first = b"\x58" + bytes((len(protected),)) + protected
    second = b"\xa0"
    third = bytes((0x40 + len(payload),)) + payload
    fourth = b"\x58\x40" + signature
    array = b"\x84"
    empty = encode([b"", {}, payload, signature])
    return [
        (meaning, 0x80, data)
        for meaning, data in (
            ("nothing", b""),
            ("tagged (18)", b"\xd2" + cose),
            ("an array of three", b"\x83" + first + second + third),
            ("an array of five", b"\x85" + first + second + third + fourth + b"\xf6"),
            ("an array of indefinite length", b"\x9f" + first + second + third + fourth + b"\xff"),
            ("an array whose length is not in its shortest form", b"\x98\x04" + cose[1:]),
            ("protected is a map", array + protected + second + third + fourth),
            ("protected is empty", empty),
            ("protected is text", array + b"\x78" + first[1:] + second + third + fourth),
            ("protected in chunks", array + b"\x5f" + first + b"\xff" + second + third + fourth),
            (
                "protected's length is not in its shortest form",
                array + b"\x59\x00" + first[1:] + second + third + fourth,
            ),
            ("an unprotected header", array + first + b"\xa1\x04\x41\x00" + third + fourth),
            ("unprotected is an array", array + first + b"\x80" + third + fourth),
            ("the payload is detached", array + first + second + b"\xf6" + fourth),
            ("the payload is text", array + first + second + b"\x61" + payload + fourth),
            (
                "the payload's length is not in its shortest form",
                array + first + second + b"\x58\x01" + payload + fourth,
            ),
            (
                "the payload's length is beyond the end",
                array + first + second + b"\x5b" + b"\xff" * 8 + payload + fourth,
            ),
            (
                "a signature of 63 bytes",
                array + first + second + third + b"\x58\x3f" + signature[1:],
            ),
            (
                "a signature of 65 bytes",
                array + first + second + third + b"\x58\x41" + signature + b"\x00",
            ),
            (
                "the signature's length is not in its shortest form",
                array + first + second + third + b"\x59\x00\x40" + signature,
            ),
            ("the signature is text", array + first + second + third + b"\x78\x40" + signature),
            ("cut off", cose[:-1]),
            ("a byte behind it", cose + b"\x00"),
        )
    ]


def _headers(kid):
    """Wrong protected headers."""
    cti = (7).to_bytes(8, "big")
    claims = {7: cti}
    right = encode({1: -19, 3: 60, 4: kid, 15: claims})
    alg, content, who, what = right[1:3], right[3:6], right[6:41], right[41:]
    return [
        ("no algorithm", encode({3: 60, 4: kid, 15: claims})),
        ("EdDSA (-8), which is deprecated", encode({1: -8, 3: 60, 4: kid, 15: claims})),
        ("ES256 (-7)", encode({1: -7, 3: 60, 4: kid, 15: claims})),
        ("an algorithm that is a float", encode({1: -19.0, 3: 60, 4: kid, 15: claims})),
        ("a critical extension", encode({1: -19, 2: [4], 3: 60, 4: kid, 15: claims})),
        ("no kid", encode({1: -19, 3: 60, 15: claims})),
        ("a kid of 31 bytes", encode({1: -19, 3: 60, 4: kid[1:], 15: claims})),
        ("a kid that is text", encode({1: -19, 3: 60, 4: "k" * 32, 15: claims})),
        ("no claims", encode({1: -19, 3: 60, 4: kid})),
        ("no cti", encode({1: -19, 3: 60, 4: kid, 15: {6: 1}})),
        ("a cti of 7 bytes", encode({1: -19, 3: 60, 4: kid, 15: {7: cti[1:]}})),
        ("a cti that is a number", encode({1: -19, 3: 60, 4: kid, 15: {7: 7}})),
        ("claims that are an array", encode({1: -19, 3: 60, 4: kid, 15: [cti]})),
        ("a content type that is text", encode({1: -19, 3: "text/plain", 4: kid, 15: claims})),
        ("a content type that is null", encode({1: -19, 3: None, 4: kid, 15: claims})),
        ("a content type that is true", encode({1: -19, 3: True, 4: kid, 15: claims})),
        ("a negative content type", encode({1: -19, 3: -1, 4: kid, 15: claims})),
        ("a content type of 17 bits", encode({1: -19, 3: 65_536, 4: kid, 15: claims})),
        (
            "a content type not in its shortest form",
            b"\xa4" + alg + b"\x03\x19\x00\x3c" + who + what,
        ),
        ("labels out of order", b"\xa4" + content + alg + who + what),
        ("a label twice", b"\xa5" + alg + content + who + who + what),
        ("fewer fields than said", b"\xa5" + right[1:]),
        ("more fields than said", b"\xa3" + right[1:]),
        ("a map of indefinite length", b"\xbf" + right[1:] + b"\xff"),
        ("an array", encode([1, -19])),
        ("a byte behind the map", right + b"\x00"),
    ]
