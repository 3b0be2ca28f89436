"""Whatever a stranger wants to be told, a peer goes on, also one that follows and keeps nobody."""

from honest import Honest
from stranger import Attack


def attacked(victim, count, seen):
    before = victim.memory_kib
    honest = Honest(victim)
    with honest.asking():
        attack = Attack("observe", victim, count)
        attack.finish()
    assert victim.is_running, victim.lines[-30:]
    assert honest.answered == honest.asked, honest.counts
    seen(
        "strangers observe /feeds",
        victim.kind,
        sent=attack.sent,
        memory_kib=victim.memory_kib - before,
        told_kib=victim.told_kib,
        honest=honest.counts,
        ends=0,
    )
    return attack.sent


def test_a_board(board, seen, times):
    count = times(12, 200)
    assert attacked(board(), count, seen) == count


def test_a_desktop(desktop, seen, times):
    count = times(12, 500)
    assert attacked(desktop(), count, seen) == count
