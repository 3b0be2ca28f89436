"""What version 1 does not know is kept and passed on, and nobody is blamed for it."""

import signers
from helpers import raises
from meshes import Mesh
from run_vectors import cases, from_hex

from mesh.core.codec import cbor
from mesh.core.errors import RemoteError
from mesh.core.feed.chain import next_link, open_head, read_entry, read_run, read_wishes
from mesh.core.feed.feed import Feed
from mesh.core.limits import Limits
from mesh.core.ranges import stamp


def test_entries_with_more_in_them():
    kit = signers.make_kit()
    for case in cases("unknown entry"):
        entry = from_hex(case)
        body = cbor.decode(entry)[3]
        assert read_entry(kit, entry) == (7, case["clock"], case["kind"], body), case["meaning"]
        run = read_run(kit, cbor.decode(from_hex(case, "run")), Limits())
        assert run.entries == [entry], case["meaning"]


def test_runs_and_heads_with_more_in_them():
    kit = signers.make_kit()
    for case in cases("unknown run"):
        value = cbor.decode(from_hex(case))
        feed = Feed(kit, value[0], 8)
        feed.accept(value)
        assert feed.next_seq == 5, case["meaning"]
        given = feed.run(2, 2000)
        assert given == value[:5], "what is passed on is what was signed"
        open_head(kit, value[0], value[4])


def test_wishes_with_more_in_them():
    author = bytes(32)
    assert read_wishes({author: 3, b"": None, "x": [1], 5: -1}) == {author: 3, b"": None}
    for wrong in (None, [], 1, {author: -1}, {author: True}, {b"": "x"}):
        raises(RemoteError, read_wishes, wrong)


def test_stamps():
    assert stamp([3, 1, 2, 9, "more"]) == [3, 1, 2, 9]
    assert stamp([4, 1, 2, 9]) == [0, 1, 2, None], "an unknown quality is worth nothing"
    for wrong in (None, [1, 2, 3], [-1, 1, 2, 3], [True, 1, 2, 3], ["x", 1, 2, 3], [4, 1, 2, "x"]):
        assert stamp(wrong) is None, wrong


def test_an_author_of_tomorrow_is_kept_and_passed_on_by_peers_of_today():
    """Its entries have more items, a longer clock and a quality that nobody knows."""
    mesh = Mesh(3)
    mesh.settle()
    author, _, reader = mesh.nodes
    own = author.peer.feeds.own

    def append(clock, kind, body):
        later = [9, clock[1], clock[2], clock[3], 7]
        entry = cbor.encode([own.next_seq, later, kind, body, {"later": 1}])
        own._push(entry, next_link(author.peer.kit, own._link, entry))
        return own.next_seq - 1

    own.append = append
    for value in range(5):
        mesh.write(author, value)
    assert mesh.world.run(60_000, lambda: all(mesh.knows(node, author) for node in mesh.nodes))
    held = reader.peer.feeds.get(own.author)
    assert held.newest == own.newest
    assert read_entry(author.peer.kit, held.newest)[1][0] == 0, "a quality that nobody knows"
    assert not [link.lies for link in reader.replicating.links.live() if link.lies]


def test_news_of_later_versions():
    """Items that are neither run, head, forks nor cursor are passed over; wrong ones are not."""
    mesh = Mesh(2)
    mesh.settle()
    replicating = mesh.nodes[0].replicating
    link = next(iter(replicating.links.live()))
    for item in (None, True, False, "x", 1.5, [], ["x", 1], [None], [1, b""]):
        assert replicating._take(mesh.world.now, link, item) == 0, item
    for item in (-1, 2**53, [bytes(32)], [bytes(32), 1, bytes(32), []], b"x"):
        raises(RemoteError, replicating._take, mesh.world.now, link, item)
