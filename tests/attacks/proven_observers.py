"""Ten strangers at ports that are proven observe sensors and feeds, again and again."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

import contextlib
from collections import Counter

from stranger import Stranger, run

from mesh.core import codes
from mesh.core.coap import message as coap

MANY = 10
SOON_S = 0.2  # who floods a board does not wait for what it had no time to answer
WHAT = (
    (["feeds"], {b"": 0}),
    (["sensors", "uptime"], None),
    (["feeds"], {b"\1" * 32: 0, b"": None}),
    (["peer"], None),
)


def attack(target):
    """First each returns an Echo; then all take turns, and acknowledge what they are told."""
    told = Counter()
    with contextlib.ExitStack() as stack:
        strangers = [stack.enter_context(Stranger(target, answer_s=SOON_S)) for _ in range(MANY)]
        for one in strangers:
            one.ask(coap.POST, ["feeds"], [])
        for n in range(target.count):
            one = strangers[n % MANY]
            path, value = WHAT[n // MANY % len(WHAT)]
            answer = one.ask(coap.FETCH, path, value, observe=True)
            told[codes.text(answer[0]) if answer else "none"] += 1
            while one.receive(0) is not None:
                pass
            yield {"sent": sum(one.sent for one in strangers), "codes": told}


if __name__ == "__main__":
    run(attack)
