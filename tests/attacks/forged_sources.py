"""Questions whose source is a host that never asked: the bytes that come to it are counted.

On loopback any address is ours, so a socket bound to it stands for whoever forges it, and for the
victim: nothing is ever answered from there.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

import itertools
import time

from bystander import Bystander
from stranger import Stranger, run

from mesh.core.coap import message as coap
from mesh.core.security.signed_client import request_for

PORTS = 32
PATHS = (["peer"], [".well-known", "core"], ["sensors"], ["sensors", "uptime"], ["feeds"], ["no"])
JUNK = (b"\x40\x01\x00\x01\xff", b"\x40\x00\x00\x01", b"\x4f\x01\0\1", bytes(22))
PAUSE_S = 0.005
REST_TURNS = 600  # in which what is repeated, or told to observers, comes


def unsigned():
    """Questions of all kinds, without end."""
    for mid in itertools.count():
        path, kind = PATHS[mid % len(PATHS)], mid // len(PATHS)
        message = request_for(coap.GET, path, observe=kind % 2 == 0)
        message.type = (coap.CON, coap.NON)[kind // 2 % 2]
        message.mid, message.token = mid & 0xFFFF, b"t"
        yield coap.build(message)
        if mid % 3 == 0:
            yield JUNK[mid // 3 % len(JUNK)]


def attack(target):
    """So many, unsigned ones from all ports, and a few that somebody signed, again and again."""
    sent = forged = 0
    with Bystander(PORTS, target.address) as victim, Stranger(target) as signer:
        recorded = [coap.build(signer.message(coap.FETCH, path)[0]) for path in PATHS]
        for n, plain in enumerate(itertools.islice(unsigned(), target.count)):
            data = recorded[n // 9 % len(recorded)] if n % 9 == 0 else plain
            victim.sockets[n % PORTS].sendto(data, target.address)
            sent, forged = sent + 1, forged + len(data)
            time.sleep(PAUSE_S)
            yield {"sent": sent, "forged": forged, **victim.said()}
        for _ in range(REST_TURNS):
            time.sleep(PAUSE_S)
            yield {"sent": sent, "forged": forged, **victim.said()}


if __name__ == "__main__":
    run(attack)
