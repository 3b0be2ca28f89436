"""A flood of what is refused leaves a few lines on a console, and how many more there were."""

from honest import Honest
from stranger import Attack

MOST_KIB = 16  # of a console, whatever strangers send


def attacked(victim, count, seen):
    before = victim.told_kib
    honest = Honest(victim)
    with honest.asking():
        attack = Attack("refuse", victim, count)
        attack.finish()
    assert victim.is_running, victim.lines[-30:]
    told_kib = victim.told_kib - before
    seen(
        "refused flood",
        victim.kind,
        sent=attack.sent,
        told_kib=told_kib,
        honest=honest.counts,
        ends=0,
    )
    assert victim.events("refused"), "nothing was refused: it was no such flood"
    assert told_kib < MOST_KIB, victim.lines[-30:]
    return attack.sent


def test_a_desktop(desktop, seen, times):
    count = times(2000, 50_000)
    assert attacked(desktop(), count, seen) >= count


def test_a_board(board, seen, times):
    count = times(500, 10_000)
    assert attacked(board(), count, seen) >= count
