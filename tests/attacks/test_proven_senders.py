"""Who has proven an address may ask, not take all there is: the honest one goes on being answered,
and who wants more is told so.
"""

import pytest
from honest import Honest
from stranger import Attack
from tcp_peers import put, runs_of, someone

from mesh.hub.store.archive import Archive

ENTRIES = 20_000  # that there are to be read
KINDS = [("hasty", "signed questions"), ("failing", "failing signatures")]
LARGE = "large questions over TCP"
CALM = 5  # questions of the honest one before
ENDLESS = 10**9
A_SECOND = 200  # to a board: more would only fill the queue before it, as on any wire


def attacked(victim, name, what, count, seen, per_s=0):
    """So many questions of whom it met are answered meanwhile; what the attack was told."""
    memory = victim.memory_kib
    honest = Honest(victim)
    with honest.asking():
        calm = honest.rate(CALM)
        with Attack(name, victim, ENDLESS, per_s) as attack:
            answered, asked = honest.counts
            flooded = honest.rate(count)
            during = (honest.answered - answered, honest.asked - asked)
        assert victim.is_running, victim.lines[-30:]
    assert honest.answered == honest.asked, honest.counts
    seen(
        f"{what}, {per_s or 'as many as can be'} a second",
        victim.kind,
        sent=attack.sent,
        memory_kib=victim.memory_kib - memory,
        told_kib=victim.told_kib,
        honest=during,
        share=flooded / calm,
        ends=0,
    )
    return attack.told["codes"]


@pytest.mark.parametrize(("name", "what"), KINDS)
def test_a_desktop(desktop, seen, times, name, what):
    codes = attacked(desktop(), name, what, times(500, 10_000), seen)
    assert codes.get("4.29", 0) > 0, codes


@pytest.mark.parametrize(("name", "what"), KINDS)
def test_a_board(board, seen, times, name, what):
    codes = attacked(board(), name, what, times(8, 150), seen, A_SECOND)
    assert codes.get("4.29", 0) > 0, codes


def test_a_desktop_over_tcp(desktop, tmp_path, seen, times):
    home = tmp_path / "desktop"
    home.mkdir(mode=0o700)
    with Archive(home / "store.db") as archive:
        runs = runs_of(someone(), ENTRIES)
        for at in range(0, len(runs), 50):
            put(archive, runs[at : at + 50])
    codes = attacked(desktop(keep=[{}]), "fetches", LARGE, times(500, 10_000), seen)
    assert codes.get("4.29", 0) > 0, codes
    assert codes.get("2.05", 0) > 0, codes
