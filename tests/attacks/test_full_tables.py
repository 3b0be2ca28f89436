"""Strangers who fill the tables of a board with the smallest heap end nothing."""

import pytest
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


@pytest.mark.parametrize(
    ("name", "attack", "full"),
    [
        ("fresh_keys", "fresh keys, each with its Echo", 3000),
        ("proven_observers", "ten proven ports observe", 4000),
    ],
)
def test_a_board(board, seen, times, name, attack, full):
    victim = board(heap=HEAP)
    before = victim.memory_kib
    honest = Eager(victim)
    with honest.asking():
        at_work = Attack(name, victim, times(SHORT, full))
        at_work.finish(1700)
    assert victim.is_running, victim.lines[-30:]
    assert honest.silent * 20 <= honest.asked, (honest.silent, honest.counts)
    assert honest.answered >= ITS_SHARE, honest.counts
    seen(
        attack,
        f"board, {HEAP} of heap",
        sent=at_work.sent,
        memory_kib=victim.memory_kib - before,
        told_kib=victim.told_kib,
        honest=honest.counts,
        ends=0,
    )
