"""Many strangers who say that they have the time from a reference, six years back."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

import time

from liars import lying
from stranger import run

from mesh.core.clock import REFERENCE

WRONG_MS = -6 * 365 * 86_400_000
TURNS = 100


def lie(desk):
    """Have a clock like that."""
    desk.node.clock.set(desk.now(), time.time_ns() // 1_000_000 + WRONG_MS, REFERENCE)


def attack(target):
    """As many as are asked for."""
    return lying(target, lie, TURNS)


if __name__ == "__main__":
    run(attack)
