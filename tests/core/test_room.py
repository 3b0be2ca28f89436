"""Tables that others fill: what has to stay in them, and how much heap they may take."""

from world import World, make_identity, make_kit

from mesh.core.coap import message as coap
from mesh.core.feed.feed import Feed
from mesh.core.limits import Limits
from mesh.core.node import COAP
from mesh.core.security.signed_client import request_for
from mesh.device import room

WORD = 1.6


def test_who_observes_keeps_its_address_among_many():
    """An observer only acknowledges: its address was the least used one, and with it went that it
    is proven, and then its place.
    """
    world = World()
    node, _ = world.add(1, remotes=8)
    watch = ("10.0.0.2", 5683)
    node.add_sensor("warm", "Cel")
    node.reading(world.now, "warm", 20)
    node.endpoint.prove(watch)
    message = request_for(coap.GET, ["sensors", "warm"], observe=True)
    message.token = b"w"
    node.receive(world.now, COAP, watch, coap.build(message))
    for n in range(40):
        world.now += 1000
        node.endpoint.tick(world.now)
        node.endpoint.prove((f"10.1.0.{n}", 5683))
    assert node.endpoint.proven(watch)
    assert len(node.endpoint.remotes) == 8
    assert len(node.endpoint.observers) == 1


def test_the_feed_of_another_takes_no_more_than_its_room():
    world = World()
    node, _ = world.add(1, {"follow": "*"}, foreign_bytes=512)
    identity = make_identity(9)
    node.contacts.pin(world.now, identity.public)
    node.contacts.up(world.now, node.contacts.get(identity.public), ("10.0.0.9", 5683))
    theirs = Feed(make_kit(9), identity.public, 64)
    first = 1
    for size in (20, 400, 20, 20, 20, 480, 20, 20):
        theirs.append([0, 1, 5, None], "x", bytes(size))
        theirs.sign(identity)
        while (run := theirs.run(first, 900)) is not None:
            node.peer.feeds.accept(world.now, run)
            first = run[1] + len(run[3])
        held = node.peer.feeds.foreign[identity.public]
        entries = held._entries
        assert held.next_seq == theirs.next_seq
        assert sum([len(entry) for entry in entries]) <= 512 or len(entries) == 1
        assert held._size == sum([len(entry) for entry in entries])
        assert held.link_at(held.end_seq - 1) == theirs.link_at(held.end_seq - 1)


def need(limits, feeds):
    """Bytes that these limits allow, with 32-bit words."""
    each = room.FEED + limits.foreign_bytes if feeds else 0
    tables = sum([getattr(limits, row[0]) * row[1] for row in room.TABLES])
    return tables + each * limits.peers


# what the limits that are no table of their own bound
ELSEWHERE = {
    "a message": ("max_retransmit", "nstart", "datagram", "block_szx", "body", "window"),
    "another table": ("peer_addresses", "tail", "foreign_tail", "foreign_bytes", "entry", "run"),
    "a desktop": ("links", "seen_entries", "strange_authors", "strange_sensors", "author_sensors"),
}
OTHER = ("_ms", "_s", "_pct", "_mb")


def test_each_table_is_in_the_sum():
    """What is known of others by multicast DNS was in none, and a full table took 33 KB."""
    names = [name for name in dir(Limits) if name[0] != "_" and not name.endswith(OTHER)]
    summed = [row[0] for row in room.TABLES]
    known = summed + [name for group in ELSEWHERE.values() for name in group]
    assert [name for name in names if name not in known] == []
    assert [name for name in summed if name not in names] == []


def test_limits_follow_the_heap_that_there_is():
    before = {}
    for feeds in (False, True):
        for kib in (400, 300, 240, 200, 170, 150, 130):
            fits = room.fit(Limits(), kib * 1024, feeds)
            limits = Limits(**fits)
            own = room.OWN + room.LATER + (room.KEEPING if feeds else 0)
            least = all(getattr(limits, row[0]) == row[3] for row in room.TABLES)
            wide = WORD if room.sys.maxsize >> 31 else 1
            assert need(limits, feeds) <= kib * 1024 / wide - own or least, (kib, fits)
            for name, count in before.items():
                assert getattr(limits, name) <= count or kib == 400
            before = {row[0]: getattr(limits, row[0]) for row in room.TABLES}
    assert room.fit(Limits(), 400 * 1024, False) == {}
    assert room.fit(Limits(peers=1000), 400 * 1024, False)["peers"] < 1000


def test_no_limit_is_lowered_below_its_least_or_raised():
    fits = room.fit(Limits(), 1000, True)
    assert fits["observers"] == 4
    assert fits["bodies"] == 1
    small = Limits(peers=3, observers=2)
    assert "observers" not in room.fit(small, 1000, True)
    assert "peers" not in room.fit(small, 1000, True)
