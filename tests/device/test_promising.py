"""A board promises how often it reads its sensors if its settings say so, and says it once."""

import pytest
from desk import Desk

from mesh.core.feed.chain import read_entry
from mesh.core.peer_id import from_text
from mesh.core.relations import pact

SENSORS = {"uptime": {"every_s": 1.5}, "heap": {"every_s": 2}}


@pytest.fixture
def follower():
    """A desktop's peer that follows everybody it meets."""
    with Desk(follow="*") as one:
        yield one


def entries(desk, peer):
    """The (kind, body) of all that is held of a peer's feed."""
    feeds = desk.node.peer.feeds
    found, seq = [], 1
    while (run := feeds.run(peer, seq)) is not None:
        found += [read_entry(desk.kit, entry)[2:] for entry in run[3]]
        seq = run[1] + len(run[3])
    return found


def start(board, desk, promised, **settings):
    """Start it until so many promises are there, and three readings after them; give these."""
    place = f"127.0.0.1:{desk.address[1]}"
    more = {"peers": [{"id": desk.id, "address": place}], "sensors": SENSORS} | settings
    with board(limits={"head_ms": 200}, **more) as one:
        peer = from_text(one.wait("joined")["id"])

        def enough():
            kinds = [kind for kind, _ in entries(desk, peer)]
            return kinds.count(pact.NAME) == promised and kinds[-3:] == ["reading"] * 3

        desk.until(enough, "promises, and readings after them")
        desk.rest(2500)
    return [pact.check(body) for kind, body in entries(desk, peer) if kind == pact.NAME]


def test_it_promises_each_sensor_once_and_anew_when_that_changes(board, follower):
    (first,) = start(board, follower, 1, promise=20)
    assert first.terms == [["every", "heap", 2, 20], ["every", "uptime", 2, 20]]
    assert first.end_s is None
    assert start(board, follower, 1, promise=20) == [first], "the next start says no more"
    _, other = start(board, follower, 2, promise=5)
    assert [term[3] for term in other.terms] == [5, 5]
    *_, back = start(board, follower, 3, promise=-1)
    assert (back.terms[0][:3], back.end_s) == (["every", "heap", 2], 1)


def test_without_that_setting_it_promises_nothing(board, follower):
    assert start(board, follower, 0) == []


def test_what_it_noted_may_be_damaged(board, follower, tmp_path):
    start(board, follower, 1, promise=20)
    (note,) = tmp_path.rglob("board/promise")
    note.write_bytes(b"rubbish")
    before, after = start(board, follower, 2, promise=20)
    assert before == after, "it is said once more, and the newest counts"
