"""CoAP over TCP, by the words of RFC 8323 section 3.2 and 5: messages, and the bytes of each."""

GET, CONTENT, CSM, PING, PONG, RELEASE, ABORT = 0x01, 0x45, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5
SIZES = (11, 12, 13, 267, 268, 269, 270, 65_803, 65_804, 65_805)  # of what follows the token


def frames():
    """The cases of tcp.json: code, token, options and payload, each in hex, and the frame."""
    cases = [
        _case("nothing", 0, b"", [], b""),
        _case("a CSM that says nothing", CSM, b"", [], b""),
        _case(
            "a CSM with 300,000 bytes and blocks", CSM, b"", [(2, b"\x04\x93\xe0"), (4, b"")], b""
        ),
        _case("a Ping with Custody", PING, b"\x07", [(2, b"")], b""),
        _case("its Pong", PONG, b"\x07", [(2, b"")], b""),
        _case("a Release to be held off for 10 s", RELEASE, b"", [(4, b"\x0a")], b""),
        _case("an Abort for option 9 of a CSM", ABORT, b"", [(2, b"\x09")], b"no"),
        _case("a question", GET, b"\x01\x02", [(11, b"peer")], b""),
    ]
    return cases + [  # the marker of a payload is one byte of it
        _case(f"{size} bytes", CONTENT, b"\x01", [], b"x" * (size - 1)) for size in SIZES
    ]


def _case(meaning, code, token, options, payload):
    rest, last = b"", 0
    for number, value in options:  # all small: one byte has both lengths
        rest += bytes(((number - last) << 4 | len(value),)) + value
        last = number
    rest += b"\xff" + payload if payload else b""
    size = len(rest)
    if size < 13:
        nibble, more = size, b""
    elif size < 269:
        nibble, more = 13, (size - 13).to_bytes(1, "big")
    elif size < 65_805:
        nibble, more = 14, (size - 269).to_bytes(2, "big")
    else:
        nibble, more = 15, (size - 65_805).to_bytes(4, "big")
    start = bytes((nibble << 4 | len(token),)) + more + bytes((code,)) + token
    case = {"what": "frame", "meaning": meaning, "code": code, "token": token.hex()}
    case["options"] = [[number, value.hex()] for number, value in options]
    if size > 300:  # the payload is so many letters x
        return {**case, "letters": len(payload), "start": start.hex()}
    return {**case, "payload": payload.hex(), "hex": (start + rest).hex()}
