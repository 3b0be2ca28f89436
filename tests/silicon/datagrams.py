"""Datagrams for the emulated board, from a host of its own: prints what came back, as JSON.

datagrams.py burst ADDRESS COUNT            # CoAP pings at once
datagrams.py flood ADDRESS PER_S SECONDS    # pings, questions and noise, evenly
"""

import contextlib
import json
import random
import socket
import sys
import time

PORT = 5683
LATE_S = 3  # after the last was sent
GET_WELL_KNOWN = bytes.fromhex("40010000bb2e77656c6c2d6b6e6f776e04636f7265")
NOISE = 60  # bytes


def ping(number):
    """An empty confirmable message, which a peer answers with a reset (RFC 7252, 4.3)."""
    return b"\x40\x00" + number.to_bytes(2, "big")


def question(number):
    """An unsigned GET of /.well-known/core."""
    return GET_WELL_KNOWN[:2] + number.to_bytes(2, "big") + GET_WELL_KNOWN[4:]


def noise(_):
    """What is no CoAP, or hardly."""
    return random.randbytes(NOISE)


def heard(endpoint, seconds):
    """Message ids of what comes back in that time."""
    found = set()
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        endpoint.settimeout(left)
        with contextlib.suppress(OSError):  # late, or refused while the board starts anew
            found.add(endpoint.recv(2048)[2:4])
    return found


def burst(endpoint, count):
    """So many pings at once."""
    first = random.randrange(60_000)
    for number in range(count):
        with contextlib.suppress(OSError):  # as in heard()
            endpoint.send(ping(first + number))
    return {"sent": count, "answered": len(heard(endpoint, LATE_S))}


def flood(endpoint, per_s, seconds):
    """So many datagrams a second, for so long."""
    kinds = (ping, question, noise)
    begun = time.monotonic()
    answered = set()
    sent = 0
    for number in range(per_s * seconds):
        with contextlib.suppress(OSError):  # the TAP device's queue is full, or see heard()
            sent += bool(endpoint.send(kinds[number % 3](number)))
        left = begun + number / per_s - time.monotonic()
        if left > 0:
            answered |= heard(endpoint, left)
    return {"sent": sent, "answered": len(answered | heard(endpoint, LATE_S))}


def main(kind, address, *numbers):
    """Send them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.connect((address, PORT))
        told = {"burst": burst, "flood": flood}[kind](endpoint, *map(int, numbers))
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
