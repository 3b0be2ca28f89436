"""A sender at a proven address that asks ever more, signed, and waits for no answer."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

import time
from collections import Counter

from stranger import Stranger, run

from mesh.core import codes
from mesh.core.coap import message as coap

BATCH = 16


def hurried(target, spoil=lambda message: message):
    """Such questions, each as `spoil` leaves it; what came is counted by its code."""
    told, echo = Counter(), None
    with Stranger(target) as one:
        one.ask(coap.FETCH, ["peer"])
        while one.sent < target.count:
            for _ in range(BATCH):
                message, _ = one.message(coap.FETCH, ["peer"], echo=echo)
                one.send(message if echo else spoil(message))
                echo = None
            if target.per_s:
                time.sleep(BATCH / target.per_s)
            while (answer := one.receive(0)) is not None:
                told[codes.text(answer.code)] += 1
                echo = answer.get(coap.ECHO) or echo
            yield {"sent": one.sent, "codes": told}


if __name__ == "__main__":
    run(hurried)
