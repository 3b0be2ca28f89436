"""CoAP over TCP byte by byte, as tcp.json has it (RFC 8323 section 3.2)."""

import json

import needs

from mesh.core.coap.message import Message
from mesh.hub.tcp.frames import Frames, frame

CASES = json.loads((needs.ROOT / "tests" / "vectors" / "tcp.json").read_text())
MOST = 1 << 17


def test_frames():
    for case in CASES:
        letters = case.get("letters")
        payload = bytes.fromhex(case["payload"]) if letters is None else b"x" * letters
        message = Message(case["code"], payload, token=bytes.fromhex(case["token"]))
        for number, value in case["options"]:
            message.options.append((number, bytes.fromhex(value)))
        data = frame(message)
        if letters is None:
            assert data.hex() == case["hex"], case
        else:
            start = bytes.fromhex(case["start"])
            assert data == start + b"\xff" + payload, case["meaning"]
        frames = Frames(MOST)
        for at in range(0, len(data), 1000):  # it comes as it comes
            frames.feed(data[at : at + 1000])
        [read] = list(frames.messages())
        assert (read.code, read.token, read.payload) == (message.code, message.token, payload)
        assert read.options == message.options, case["meaning"]
