"""Numbers at the edges of machine types, in every field that comes from outside."""

from attacking import AT_EVE, EVE, Scene, join
from author import CLOCK
from bad_offers import offer, run_of, settle
from helpers import raises, vectors
from keeping_all import Desks
from run_vectors import cases, from_hex
from world import make_identity, make_kit

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed import fork_proof
from mesh.core.feed.chain import claim, read_wishes
from mesh.core.feed.feed import Feed, read_entry, read_run, seal_head
from mesh.core.feed.feeds import Feeds
from mesh.core.kinds import asleep
from mesh.core.limits import Limits
from mesh.core.ranges import BOOTS, END, is_count, stamp

LAST = END - 1
EDGES = [1 << n for n in (7, 8, 15, 16, 30, 31, 32, 48, 52, 53, 62, 63, 64)]
EDGES = sorted(EDGES + [edge - 1 for edge in EDGES] + [edge + 1 for edge in EDGES[:-1]])
WRONG = [n for n in EDGES if n >= END] + [-1, -(1 << 31), -(1 << 63), -(1 << 64)]
NONE = [None, True, False, 1.0, "1", b"\1", [1], {1: 1}, cbor.Decimal(1, -1)]


def test_whole_numbers_of_a_range():
    for n in EDGES:
        assert is_count(n) == (n < END), n
        assert is_count(n, 256) == (n < 256), n
    for n in WRONG + NONE:
        assert not is_count(n), n


def test_vectors_of_the_last_entry_and_of_wishes():
    kit = cases("last entry")[0]
    entry = from_hex(kit)
    assert read_entry(make_kit(1), entry)[0] == kit["seq"] == LAST
    for case in vectors("feeds"):
        if case["what"] == "wishes":
            read_wishes(cbor.decode(from_hex(case)))
        elif case["what"] == "refused wishes":
            error = raises(RemoteError, read_wishes, cbor.decode(from_hex(case)))
            assert codes.text(error.code) == case["code"], case


def test_every_number_of_an_entry():
    kit = make_kit(1)
    right = [5, [2, 1, 60_000, 1_790_000_000_000], "note", None]
    read_entry(kit, cbor.encode(right))
    for at, may_be_none in ((None, False), (0, False), (1, False), (2, False), (3, True)):
        for value in EDGES + WRONG + NONE:
            entry = [right[0], list(right[1]), right[2], right[3]]
            if at is None:
                entry[0] = value
            else:
                entry[1][at] = value
            fine = is_count(value) or (value is None and may_be_none)
            data = cbor.encode(entry) if not _too_wide(value) else None
            if data is None:
                continue
            if fine:
                assert read_entry(kit, data)[0] == entry[0], (at, value)
            else:
                raises(RemoteError, read_entry, kit, data)


def _too_wide(value):
    return isinstance(value, int) and not -(1 << 64) <= value < 1 << 64


def test_every_number_of_a_head():
    kit, eve = make_kit(1), make_identity(EVE)
    for seq in [n for n in EDGES if not _too_wide(n)]:
        head = seal_head(eve, seq, bytes(32))
        if seq < END:
            assert claim(kit, head)[1] == seq
        else:
            raises(RemoteError, claim, kit, head)


def test_stamps_of_clocks():
    assert stamp([0, 1, 2, None]) and stamp([3, LAST, LAST, LAST])
    for at in range(4):
        for value in WRONG + NONE:
            clock = [2, 1, 2, 3]
            clock[at] = value
            assert (stamp(clock) is not None) == (at == 3 and value is None), clock
    for wrong in (None, 5, [], [2, 1, 2], {0: 2}, (2, 1, 2, 3)):
        assert stamp(wrong) is None, wrong


def test_sleep_of_edges():
    for value in EDGES + WRONG + NONE:
        if is_count(value) and 0 < value <= 604_800:
            assert asleep.check([value, value]) == value
        else:
            raises(RemoteError, asleep.check, [value, value])


def test_evidence_at_the_last_seqs():
    """Two histories that disagree at the end of what seqs can be."""
    kit, eve = make_kit(1), make_identity(EVE)
    for first in ((1 << 31) - 2, (1 << 32) - 2, LAST - 2):
        pair = []
        for word in ("one", "other"):
            feed = Feed(kit, eve.public, 8, first - 1, bytes(32))
            for _ in range(2):
                feed.append(CLOCK, "note", "same")
            feed.append(CLOCK, "note", word)
            feed.sign(eve)
            pair.append(cbor.decode(cbor.encode(feed.run(first, 900))))
        assert fork_proof.fork_of(kit, eve.public, pair, Limits()) == first + 2
        assert fork_proof.fork_of(kit, eve.public, [pair[0], pair[1][4]], Limits()) == first + 2
        raises(RemoteError, fork_proof.fork_of, kit, eve.public, [pair[0], pair[0]], Limits())


def test_a_feed_that_is_full_says_so_and_the_rest_goes_on():
    kit, own = make_kit(1), make_identity(1)
    feed = Feed(kit, own.public, 8, LAST - 1, bytes(32))
    assert not feed.is_full
    assert feed.append(CLOCK, "note", 1) == LAST
    assert feed.is_full
    raises(LocalError, feed.append, CLOCK, "note", 2)
    feed.sign(own)
    assert read_run(kit, feed.run(LAST, 900), Limits()).seq == LAST
    scene = Scene().meet()
    ben = scene.ben.peer
    before = ben.feeds.own.next_seq
    ben.feeds.own.resume(LAST + 1, bytes(32), (), lambda *_: None)
    scene.ben.reading(scene.world.now, "temp", 5)
    answer = scene.ask(coap.PUT, ["actuators", "led"], 5)
    assert (answer.code, scene.done[-1]) == (codes.CHANGED, 5), answer
    about = cbor.decode(scene.ask(coap.FETCH, ["peer"]).payload)
    assert about["unpublished"][0] == 0 and "full" in about["unpublished"][1], about
    assert before < ben.feeds.own.next_seq == END
    scene.world.run(60_000)


def test_starts_without_seqs_of_their_own():
    """A peer that lost its tail after so many starts that no seq is certainly new signs nothing;
    one that has its tail goes on; and cursors stay in their range.
    """
    for boots in (BOOTS - 1, BOOTS, BOOTS + 1, 1 << 31, 1 << 32, LAST):
        feeds = Feeds(make_kit(1), make_identity(1), Limits(), boots)
        assert feeds.own.is_full == (boots >= BOOTS), boots
        assert is_count(feeds.version + (1 << 31)), feeds.version
        feeds.own.resume(8, bytes(32), (), lambda *_: None)
        assert feeds.own.append([0, boots, 2, None], "note", None) == 8, boots
    scene = Scene()
    node, _ = scene.world.add(7, {}, BOOTS)
    node.add_sensor("temp", "Cel")
    node.start(scene.world.now, False)
    node.reading(scene.world.now, "temp", 20)
    assert node.peer.feeds.own.next_seq == END


def test_runs_beyond_the_last_seq_are_refused():
    scene = Scene().meet()
    scene.eve = make_identity(EVE)
    eve = join(scene.world, scene.eve, AT_EVE, {}, 1)
    scene.ann.candidate(scene.world.now, eve.peer.id, AT_EVE, "given")
    scene.world.run(2000)
    for seq in (END, (1 << 63) - 1, (1 << 64) - 1):
        link = scene.kit.sha256(bytes(32) + cbor.encode([seq, CLOCK, "note", 0]))
        entry = cbor.encode([seq, CLOCK, "note", 0])
        run = [eve.peer.id, seq, bytes(32), [entry], seal_head(scene.eve, seq, link)]
        assert offer(scene, [run]) == codes.BAD_REQUEST, seq
    assert offer(scene, [run_of(scene, scene.eve, LAST)]) == codes.CHANGED
    settle(scene)


def test_whoever_ends_its_feed_hurts_nobody_else():
    """All who keep it ask their neighbours for what comes after its last entry of all, for good:
    that question has to be one, or no link would bring anything of the others either.
    """
    mesh = Desks(3)
    first = mesh.nodes[0]
    eve = make_identity(EVE)
    scene = Scene()
    mesh.settle(30_000)
    assert first.peer.feeds.accept(mesh.world.now, run_of(scene, eve, LAST)) == 1
    mesh.settle(60_000)
    for node in mesh.nodes:
        assert node.peer.feeds.next_seq(eve.public) == END, node.peer.feeds.next_seq(eve.public)
    mesh.settle(120_000)  # long enough for all links to be made anew
    for n, node in enumerate(mesh.nodes):
        mesh.write(node, n)
    mesh.settle(30_000)
    assert not mesh.lacking(), mesh.lacking()
    assert not [link for node in mesh.nodes for link in node.replicating.links.live() if link.lies]


def test_cursors_and_forks_of_edges():
    """A neighbour's numbers: those out of range are told as wrong; none stays."""
    mesh = Desks(2)
    mesh.settle(30_000)
    node = mesh.nodes[0]
    replicating = node.replicating
    (link,) = replicating.links.live()
    for value in EDGES:
        link.cursor = 0
        try:
            replicating._take(mesh.world.now, link, value)
        except RemoteError:
            assert value >= END, value
        assert link.cursor == (value if value < END else 0), value
    for value in WRONG + [b"\1", [b"\1"]]:  # noqa: RUF005 - MicroPython
        raises(RemoteError, replicating._take, mesh.world.now, link, value)
    author = mesh.nodes[1].peer.id
    for value in WRONG + NONE:
        replicating._take(mesh.world.now, link, {author: value, b"": value, "x": value})
        assert not link.proving, value
    mesh.settle(30_000)
    assert not mesh.lacking()
