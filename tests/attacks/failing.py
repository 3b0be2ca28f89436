"""A sender at a proven address whose signatures are wrong, as fast as it can."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

from hasty import hurried
from stranger import run


def forged(message):
    """The same with another signature."""
    message.payload = message.payload[:-1] + bytes([message.payload[-1] ^ 1])
    return message


def attack(target):
    """As hurried() does it, and each signature is to be checked."""
    return hurried(target, forged)


if __name__ == "__main__":
    run(attack)
