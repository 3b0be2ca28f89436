"""A flood of what is refused: wrong signatures, what is for others, forbidden requests, junk."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

from stranger import Stranger, run

from mesh.core.coap import message as coap

BURST = 64  # from one port; then a new key from another one


def refused(stranger, n):
    """One message that the target refuses, of several kinds."""
    if n % 5 == 0:
        return os.urandom(40)
    code, path, value = coap.FETCH, ["peer"], None
    if n % 5 == 1:
        code, path, value = coap.PUT, ["actuators", "x"], True
    if n % 5 == 2:
        path = ["nothing", str(n)]
    message, _ = stranger.message(code, path, value)
    if n % 5 > 2:
        message.payload = message.payload[:-1] + bytes([message.payload[-1] ^ 1])
    return message


def attack(target):
    """From many ports, as fast as it can."""
    sent = 0
    while sent < target.count:
        with Stranger(target) as stranger:
            for _ in range(BURST):
                stranger.send(refused(stranger, sent))
                sent += 1
        yield sent


if __name__ == "__main__":
    run(attack)
