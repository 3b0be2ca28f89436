"""Power that goes at any moment: a board is the same peer afterwards, and contradicts nothing."""

import json
import subprocess

import pytest
from desk import Desk
from needs import ROOT

from mesh.core.events import Forked, Reading
from mesh.core.peer_id import from_text

HOURS = 24
SECONDS = 200
DAY = """
import sys
sys.path[:0] = [{root!r}, {root!r} + "/tests/device", {root!r} + "/tests/core"]
import json
import day
from mesh.device import identity
identity.BLOCK = 16  # so that reserving counters is among what is cut
{damage}
one = day.Day({hours}, 32, 7)
made = [len(one.log), len(one.heads), one.counters[-1][1], one.starts[-1][1]]
print(json.dumps(made + [one.cut_everywhere()]))
"""


def live(micropython, hours, damage=""):
    """Run a day; what it printed."""
    code = DAY.format(root=str(ROOT), hours=hours, damage=damage)
    command = [micropython, "-X", "heapsize=48m", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


def test_power_is_cut_at_every_write_of_a_day(micropython):
    """All writes and erasures of the flash, whole and half, with littlefs as boards have it."""
    run = live(micropython, HOURS)
    assert run.returncode == 0, run.stdout + run.stderr
    writes, heads, counter, starts, cuts = json.loads(run.stdout)
    assert writes > HOURS * 60
    assert cuts > 1.5 * writes
    assert heads > HOURS * 30
    assert counter > 100
    assert starts == 8


def test_that_test_sees_a_head_that_was_signed_first(micropython):
    run = live(
        micropython,
        1,
        """
from mesh.device.journal import Journal
keep = Journal.keep
held = []
def late(journal, first, before, entries, new):
    held.append((journal, first, before, list(entries), new))
    if len(held) > 1:
        keep(*held.pop(0))
Journal.keep = late
""",
    )
    assert "what was signed was lost" in run.stdout + run.stderr, run.stdout + run.stderr


def test_that_test_sees_a_counter_that_is_written_late(micropython):
    run = live(
        micropython,
        1,
        """
save = identity.State.save
identity.State.save = lambda state, limit: save(state, max(0, limit - 16))
""",
    )
    assert "a counter that was used" in run.stdout + run.stderr, run.stdout + run.stderr


@pytest.fixture
def desk():
    """A desktop's peer that follows everybody it meets."""
    with Desk(follow="*") as one:
        yield one


def test_a_killed_board_goes_on_in_its_feed(board, desk):
    """On this machine's own files, at moments that nobody chose."""
    settings = {
        "peers": [{"id": desk.id, "address": f"127.0.0.1:{desk.address[1]}"}],
        "sensors": {"uptime": {"every_s": 0.2}},
        "limits": {"head_ms": 100, "tail": 32},
    }
    joined = None
    for _ in range(4):
        with board(**settings) as one:
            joined = one.wait("joined")
            heard = len(desk.of(Reading))
            desk.until(lambda n=heard + 6: len(desk.of(Reading)) >= n, "readings")
            one.kill()
    seqs = [reading.seq for reading in desk.of(Reading)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert not desk.of(Forked)
    assert {reading.peer for reading in desk.of(Reading)} == {from_text(joined["id"])}
