"""Strangers who fill the tables of a board with the smallest heap end nothing."""

from honest import Honest
from stranger import Attack

HEAP = "304k"  # 1.6 times a Pico W's, as words have 64 bits here
SHORT = 120
ITS_SHARE = 60  # answers: a peer that was only met has so many at once, and then a few a second


class Eager(Honest):
    """Asks without a rest, so most of it is too much: that is said, and `silent` counts what got
    no answer at all.
    """

    silent = 0

    def __init__(self, victim):
        super().__init__(victim)
        self._pause_ms = 0

    def ask(self, desk, peer):
        answer = super().ask(desk, peer)
        self.silent += answer.code == 0
        return answer


def attacked(victim, name, what, count, seen):
    """An eager honest one gets its share meanwhile; what the attack was told."""
    before = victim.memory_kib
    honest = Eager(victim)
    with honest.asking():
        at_work = Attack(name, victim, count)
        at_work.finish(1700)
    assert victim.is_running, victim.lines[-30:]
    assert honest.silent * 20 <= honest.asked, (honest.silent, honest.counts)
    assert honest.answered >= ITS_SHARE, honest.counts
    seen(
        what,
        f"board, {HEAP} of heap",
        sent=at_work.sent,
        memory_kib=victim.memory_kib - before,
        told_kib=victim.told_kib,
        honest=honest.counts,
        ends=0,
    )
    return at_work.told["codes"]


def test_fresh_keys(board, seen, times):
    victim = board(heap=HEAP)
    what = "fresh keys, each with its Echo"
    codes = attacked(victim, "fresh_keys", what, times(SHORT, 3000), seen)
    assert codes.get("2.04", 0) > victim.wait("limits")["remotes"], codes


def test_proven_observers(board, seen, times):
    victim = board(heap=HEAP)
    what = "ten proven ports observe"
    codes = attacked(victim, "proven_observers", what, times(SHORT, 4000), seen)
    assert codes.get("2.05", 0) > victim.wait("limits")["observers"], codes
