"""A crowd: each has a key of its own and a host, proves its address, and offers what it wrote."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

from collections import Counter

from edges import CLOCK, one_run
from stranger import Stranger, run

from mesh.core import codes
from mesh.core.coap import message as coap

HOSTS = 200
SENSOR = "crowd"
BODY = [{0: SENSOR, 1: "Cel", 2: 20}]


def attack(target):
    """One after the other: so many identities."""
    sent, told = 0, Counter()
    for n in range(target.count):
        with Stranger(target, host=f"127.0.1.{1 + n % HOSTS}") as one:
            answer = one.ask(coap.POST, ["feeds"], [one_run(one, 1, CLOCK, "reading", BODY, 2)])
            told[codes.text(answer[0]) if answer else "none"] += 1
            sent += one.sent
            yield {"sent": sent, "codes": told}


if __name__ == "__main__":
    run(attack)
