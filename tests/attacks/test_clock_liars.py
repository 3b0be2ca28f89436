"""Strangers, however many, set nobody's clock: neither one that goes, nor one that has no time."""

import time

from honest import Honest
from stranger import Attack

from mesh.core.codec import cbor

OFF_MS = 3_600_000  # no clock that follows such a liar is that near to the time


def attacked(victim, count, seen):
    """The time that it tells (Unix ms or None) once it has asked all of these liars."""
    honest = Honest(victim)
    with honest.asking():
        attack = Attack("clock_liars", victim, count)
        attack.finish()
        assert victim.is_running, victim.lines[-30:]
        honest.goes_on()
    assert attack.told["asked"] == count, attack.told
    about = cbor.decode(honest.told)
    seen(
        "strangers tell a time six years back",
        victim.kind,
        sent=attack.sent,
        told_kib=victim.told_kib,
        honest=honest.counts,
        ends=0,
    )
    assert "clock_doubt" not in about, about
    return about["clock"][3]


def test_a_board_without_time(board, seen, times):
    """In full by as many as it can know beside the honest one: once its table of peers is full it
    greets a newcomer a minute, who takes the place of another one.
    """
    victim = board(follow="*", keep=[{}])
    places = victim.wait("limits")["peers"]
    assert attacked(victim, times(8, places - 1), seen) is None


def test_a_desktop(desktop, seen, times):
    told_ms = attacked(desktop(keep=[{}]), times(8, 200), seen)
    assert abs(told_ms - time.time_ns() // 1_000_000) < OFF_MS
