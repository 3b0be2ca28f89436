"""Many peers in one process who answer as peers do, and lie; attacks that use them import this."""

import contextlib
import sys
from pathlib import Path

if str(Path(__file__).parent) in sys.path:  # a program of its own, not a test
    sys.path += [str(Path(__file__).resolve().parents[1] / "device")]

from desk import Desk

TURN_MS = 2


def lying(target, lie, turns, said=dict):
    """As many as the target's count, each met by asking for it; `lie(desk)` makes it a liar.

    It goes on for so many turns after the target has asked all of them. Told: how many it asked,
    and what said() gives.
    """
    with contextlib.ExitStack() as stack:
        some = [stack.enter_context(Desk()) for _ in range(target.count)]
        for one in some:
            lie(one)
            one.node.candidate(one.now(), None, target.address, "given")
        while turns:
            for one in some:
                one.step(TURN_MS)
            asked = sum(bool(one.counters) for one in some)
            turns -= asked == len(some)
            yield {"sent": sum(one.sent for one in some), "asked": asked, **said()}
