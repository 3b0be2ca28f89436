"""Strangers, each with a key and a port of its own, offer runs: each is taken in by its Echo."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

from collections import Counter

from stranger import Stranger, run

from mesh.core import codes
from mesh.core.coap import message as coap

SOON_S = 0.2  # who floods a board does not wait for what it had no time to answer


def attack(target):
    """One after the other; an answer that does not come is not waited for long."""
    sent, told = 0, Counter()
    for _ in range(target.count):
        with Stranger(target, answer_s=SOON_S) as stranger:
            answer = stranger.ask(coap.POST, ["feeds"], [])
            told[codes.text(answer[0]) if answer else "none"] += 1
            sent += stranger.sent
            yield {"sent": sent, "codes": told}


if __name__ == "__main__":
    run(attack)
