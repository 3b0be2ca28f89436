"""A board that sleeps: each waking measures, signs once, hands its run on, and says until when."""

import pytest
from desk import Desk

from mesh.core.events import Forked, Reading
from mesh.core.peer_id import from_text

ASLEEP_S = 3600


@pytest.fixture
def desk():
    """A desktop's peer that follows everybody it meets."""
    with Desk(follow="*") as one:
        yield one


@pytest.fixture
def sleeper(board, desk):
    """Start a board that sleeps, known to a desktop: sleeper() is one waking, to be used once."""

    def wake(awake_s=0, address=None):
        place = address or f"127.0.0.1:{desk.address[1]}"
        return board(
            peers=[{"id": desk.id, "address": place}],
            sensors={"uptime": {"every_s": 60}, "heap": {"every_s": 60}},
            sleep={"every_s": ASLEEP_S, "to": [desk.id], "awake_s": awake_s},
        )

    return wake


def through(desk, one):
    """One waking, to its end."""
    with one:
        desk.until(lambda: not one.is_running, "the board to go to sleep")
        assert one.wait_end() == 0, one.console
    return one.events("asleep")[0]


def names(desk):
    return [(reading.seq, reading.sensor) for reading in desk.of(Reading)]


def test_each_waking_hands_on_one_run(sleeper, desk):
    for waking in range(1, 4):
        one = sleeper()
        told = through(desk, one)
        assert told["seconds"] == ASLEEP_S
        assert told["taken"] == desk.id
        assert len(desk.of(Reading)) == 2 * waking
    peer = from_text(one.events("joined")[0]["id"])
    assert sorted(names(desk)) == [
        (seq, name)
        for first in (1, 4, 7)
        for seq, name in ((first, "heap"), (first + 1, "uptime"))
    ]
    assert desk.node.peer.feeds.foreign[peer].next_seq == 10
    assert desk.node.contacts.get(peer).state == "asleep"
    assert not desk.of(Forked)


def test_it_is_not_missed_while_it_sleeps(sleeper, desk):
    one = sleeper()
    through(desk, one)
    contact = desk.node.contacts.get(from_text(one.events("joined")[0]["id"]))
    assert contact.state == "asleep"
    assert ASLEEP_S - 60 < (contact.wakes_ms - desk.now()) / 1000 <= ASLEEP_S
    desk.node.tick(desk.now() + 60_000)
    assert contact.state == "asleep"


def test_entries_that_no_peer_took_come_the_next_time(sleeper, desk):
    through(desk, sleeper())
    nobody = sleeper(address="127.0.0.1:9")
    (nobody.folder / "peers").unlink()
    with nobody:
        assert nobody.wait_end(60) == 0, nobody.console
    assert nobody.events("asleep")[0]["taken"] == "by nobody"
    assert len(desk.of(Reading)) == 2
    through(desk, sleeper())
    assert [seq for seq, _ in names(desk)] == [1, 2, 4, 5, 7, 8]


def test_it_signs_once_each_time(sleeper, desk):
    for _ in range(2):
        one = sleeper()
        through(desk, one)
    peer = from_text(one.events("joined")[0]["id"])
    assert {head[0] for head in desk.node.peer.feeds.foreign[peer]._heads} <= {3, 6}


def test_switched_on_it_stays_awake_for_its_holder(sleeper, desk):
    with sleeper(awake_s=3600) as one:
        peer = desk.meet(one.wait("joined"))
        desk.until(lambda: len(desk.of(Reading)) >= 2, "readings")
        assert one.is_running
        assert desk.node.contacts.get(peer).state == "up"
        one.stop()
