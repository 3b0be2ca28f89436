"""A board forms agreements with whom its settings name, and a restart forgets nothing of them."""

import time

import pytest
from desk import Desk

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.feed.chain import genesis, make_entry, next_link, read_entry, seal_head
from mesh.core.peer_id import to_text
from mesh.core.relations import mark as marks
from mesh.core.relations import pact as pacts
from mesh.core.relations.agreements import IN_FORCE, OPEN, Agreements
from mesh.core.relations.mark import YES
from mesh.core.relations.weighing import state_of
from mesh.core.resources.relation_runs import answer
from mesh.hub.desktop_kit import make_identity, new_secret

# of a circle of eight, three agreements and a promise, and the feeds of all, with 64-bit words
MOST_HEAP, MOST_FILE = 40_000, 2048


@pytest.fixture
def proposer():
    """A desktop's peer that proposes."""
    with Desk() as one:
        own = one.node.peer.feeds.own
        own.resume(1, genesis(one.kit, one.public), ())
        answer(one.node.peer)
        yield one


class Neighbour:
    """A desk that a board forms agreements with, and the board's file."""

    def __init__(self, desk, board, tmp_path):
        self.desk, self._board = desk, board
        self.file = tmp_path / "board" / "relations"

    def board(self, **more):
        place = f"127.0.0.1:{self.desk.address[1]}"
        settings = {
            "peers": [{"id": self.desk.id, "address": place}], "relations": [self.desk.id],
            "sensors": {"uptime": {"every_s": 1}}, "limits": {"head_ms": 200}, "promise": 10,
        }  # fmt: skip
        return self._board(**{**settings, **more})

    def write(self, kind, body):
        own = self.desk.node.peer.feeds.own
        seq, _ = self.desk.node.acting.append(self.desk.now(), kind, body)
        return own.link_at(seq)

    def invite(self, peer):
        """Found a circle, and ask the board in; give the refs of both, and of a first aim."""
        founding = self.write(pacts.NAME, pacts.make(need=1, text="the seedlings live"))
        state = state_of(self.desk.kit, founding, [self.desk.public, peer], 2)
        body = pacts.make(within=founding, after=founding, add=[peer], need=2, state=state)
        version = self.write(pacts.NAME, body)
        self.write(marks.NAME, marks.make(version, YES))
        aim = self.write(pacts.NAME, pacts.make(within=version, text="no fan at night"))
        return founding, version, aim

    def remembered(self, me):
        """What the board's file says, or None."""
        if not self.file.exists():
            return None
        data = self.file.read_bytes()
        version, who, kept = cbor.decode(data[:-8])
        assert (version, who) == (1, me)
        facts = Agreements(self.desk.kit, me)
        facts.restore(kept[0])
        return facts

    def holds(self, peer, item):
        """The entries that the board gives of what is asked for, once there are some."""

        def there():
            told = self.desk.ask(peer, coap.FETCH, "relations", value=[item])
            runs = cbor.decode(told.payload) if told.code == codes.CONTENT else []
            return [read_entry(self.desk.kit, entry) for run in runs for entry in run[3]]

        return self.desk.until(lambda: self.desk.rest() or there(), "the board holds it")


@pytest.fixture
def neighbour(proposer, board, tmp_path):
    return Neighbour(proposer, board, tmp_path)


def test_it_takes_what_concerns_it_and_a_restart_forgets_nothing(neighbour):
    with neighbour.board() as one:
        me = neighbour.desk.meet(one.wait("joined"))
        founding, version, aim = neighbour.invite(me)
        entries = neighbour.holds(me, aim)
        assert pacts.NAME in [entry[2] for entry in entries], "the entry itself"
        assert pacts.NAME in [entry[2] for entry in neighbour.holds(me, [me, 0])]
        one.stop()
    facts = neighbour.remembered(me)
    assert [facts.state(ref) for ref in (founding, version, aim)] == [IN_FORCE, OPEN, OPEN]
    assert facts.said(version, YES) == [neighbour.desk.public]
    promises = [ref for ref in facts.pacts if facts.authors[ref] == me]
    assert len(promises) == 1
    with neighbour.board(peers=[]) as one:  # nobody is there to tell it anew
        one.wait("joined")
        time.sleep(1)
        one.stop()
    again = neighbour.remembered(me)
    assert set(again.pacts) == set(facts.pacts)
    assert again.said(version, YES) == [neighbour.desk.public]


def test_a_damaged_memory_is_told_and_the_rest_of_the_board_goes_on(neighbour):
    with neighbour.board() as one:
        me = neighbour.desk.meet(one.wait("joined"))
        refs = neighbour.invite(me)
        neighbour.holds(me, refs[2])
        one.stop()
    whole = neighbour.remembered(me)
    neighbour.file.write_bytes(b"rubbish")
    with neighbour.board() as one:
        assert "damaged" in one.wait("relations")["reason"]
        neighbour.desk.meet(one.wait("joined"))
        neighbour.holds(me, refs[2])
        one.stop()
    assert set(neighbour.remembered(me).pacts) == set(whole.pacts)


def test_without_that_setting_it_has_no_such_resource_and_no_file(neighbour):
    with neighbour.board(relations=[]) as one:
        me = neighbour.desk.meet(one.wait("joined"))
        told = neighbour.desk.ask(me, coap.FETCH, "relations", value=[bytes(32)])
        assert told.code == codes.NOT_FOUND
        one.stop()
    assert not neighbour.file.exists()


class Ghost:
    """A peer that is away, whose feed the desk has."""

    def __init__(self):
        self.identity = make_identity(new_secret(), lambda: 1)
        self.public = self.identity.public
        self.entries, self.link = [], b""

    def write(self, kit, kind, body):
        """Add an entry; give its link."""
        seq = len(self.entries) + 1
        entry = make_entry(kit, seq, [0, 1, seq, None], kind, body)
        self.link = next_link(kit, self.link or genesis(kit, self.public), entry)
        self.entries.append(entry)
        return self.link

    def run(self, kit):
        """The run of its feed."""
        head = seal_head(self.identity, len(self.entries), self.link)
        return [self.public, 1, genesis(kit, self.public), self.entries, head]


def test_a_circle_of_eight_with_three_agreements_and_its_promise(neighbour):
    """What it takes of the heap, in a heap as all tests of boards have it."""
    desk, ghosts = neighbour.desk, [Ghost() for _ in range(6)]
    ids = [to_text(ghost.public) for ghost in ghosts]
    with neighbour.board(relations=[desk.id, *ids]) as one:
        me = desk.meet(one.wait("joined"))
        before = least_used(one)
        founding = neighbour.write(pacts.NAME, pacts.make(need=1, text="the seedlings live"))
        others = [ghost.public for ghost in ghosts]
        members = [desk.public, *others, me]
        body = pacts.make(
            within=founding, after=founding, add=members[1:], need=5,
            state=state_of(desk.kit, founding, members, 5),
        )  # fmt: skip
        version = neighbour.write(pacts.NAME, body)
        terms = (["every", "uptime", 60, 10], ["act", "fan", 0, 1, 600], ["answer", 5])
        bodies = [pacts.make(within=version, text=term[0], terms=[term]) for term in terms]
        aims = [neighbour.write(pacts.NAME, bodies[0])]
        # two open ones of a peer are enough, and the first is that it asks the board in
        aims += [ghosts[n].write(desk.kit, pacts.NAME, bodies[n]) for n in (1, 2)]
        for ref in (version, *aims):
            neighbour.write(marks.NAME, marks.make(ref, YES))
        neighbour.holds(me, [desk.public, 6])  # else words come before what they are about
        for ghost in ghosts:
            for ref in (version, *aims):
                ghost.write(desk.kit, marks.NAME, marks.make(ref, YES))
            desk.node.peer.feeds.accept(desk.now(), ghost.run(desk.kit))
        for ghost in ghosts:
            neighbour.holds(me, [ghost.public, 3])
        after = least_used(one)
        one.stop()
    facts = neighbour.remembered(me)
    assert [len(facts.said(ref, YES)) for ref in (version, *aims)] == [7] * 4
    assert facts.state(version) == OPEN, "only the board's own yes is lacking"
    used = after - before
    print(f"heap in use: {before:,} B, and {after:,} B with all of it: {used:,} B more")
    print(f"the file: {neighbour.file.stat().st_size:,} B")
    assert used < MOST_HEAP
    assert neighbour.file.stat().st_size < MOST_FILE


def least_used(one):
    """The least of what the next two looks at the heap find in use."""
    count = len(one.events("heap"))
    one.wait_line(lambda _: len(one.events("heap")) > count + 1)
    return min(event["used"] for event in one.events("heap")[count:])
