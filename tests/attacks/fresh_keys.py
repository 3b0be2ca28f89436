"""Strangers, each with a key and a port of its own, offer runs: each is taken in by its Echo."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

from stranger import Stranger, run

from mesh.core import coap


def attack(target):
    """One after the other; an answer that does not come is not waited for long."""
    sent = 0
    for _ in range(target.count):
        with Stranger(target) as stranger:
            stranger.ask(coap.POST, ["feeds"], [])
            sent += stranger.sent
            yield sent


if __name__ == "__main__":
    run(attack)
