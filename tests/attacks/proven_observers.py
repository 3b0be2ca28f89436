"""Ten strangers at ports that are proven observe sensors and feeds, again and again."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

import contextlib

from stranger import Stranger, run

from mesh.core import coap

MANY = 10
WHAT = (
    (["feeds"], {b"": 0}),
    (["sensors", "uptime"], None),
    (["feeds"], {b"\1" * 32: 0, b"": None}),
    (["peer"], None),
)


def attack(target):
    """First each returns an Echo; then all take turns, and acknowledge what they are told."""
    with contextlib.ExitStack() as stack:
        strangers = [stack.enter_context(Stranger(target)) for _ in range(MANY)]
        for one in strangers:
            one.ask(coap.POST, ["feeds"], [])
        for n in range(target.count):
            one = strangers[n % MANY]
            path, value = WHAT[n // MANY % len(WHAT)]
            one.ask(coap.FETCH, path, value, observe=True)
            while one.receive(0) is not None:
                pass
            yield sum(one.sent for one in strangers)


if __name__ == "__main__":
    run(attack)
