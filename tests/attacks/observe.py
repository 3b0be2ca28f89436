"""A stranger observes the feeds of a peer, and says that it wants to be told of everybody's."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

from stranger import Stranger, run

from mesh.core.coap import message as coap

WISHES = ({b"": 0}, {b"": None}, {}, {b"": 0, b"x" * 32: 0}, {b"x" * 32: None}, {b"": 1 << 40})


def attack(target):
    """One after the other, from new keys and ports."""
    for n in range(target.count):
        with Stranger(target) as stranger:
            stranger.ask(coap.FETCH, ["feeds"], WISHES[n % len(WISHES)], observe=True)
            yield n + 1


if __name__ == "__main__":
    run(attack)
