"""A thief who has an author's key and forks its feed at the start: what two chosen keepers had
seen before stays, with all, and newcomers come to the same.
"""

from keeping_all import Desks, written
from world import make_identity, make_kit

from mesh.core.errors import RemoteError
from mesh.core.feed.chain import seal_head, walk
from mesh.core.limits import Limits
from mesh.core.peer_id import to_text

KIT, LIMITS = make_kit(1), Limits()
LENGTH = 200
SEEN = 192  # the roundest number that keepers tell of 200
AUTHOR, TRUE = written(LENGTH)
THIEF = written(300, 1)[1]  # another entry 2, and more than the author ever wrote
SHORT = THIEF[:2]


def links_of(runs):
    walked = [walk(KIT, run, LIMITS) for run in runs]
    return {run.first + n: run.links[n] for run in walked for n in range(len(run.links))}


LINKS = links_of(TRUE)


def chosen(*numbers):
    """Settings of a peer that keeps all, and chose these peers and the author."""
    ids = [to_text(make_identity(number).public) for number in numbers]
    ids.append(to_text(AUTHOR))
    return {"keep": [{}], "follow": ids}


def desks(count=2):
    """Keepers who chose the first two, have all that the author wrote, and said what they saw."""
    mesh = Desks()
    mesh.limits["seen_ms"] = 1000
    mesh.limits["seen_entries"] = 16
    mesh.settings = chosen(1, 2)
    for number in range(1, count + 1):
        node, _ = mesh.desk(number)
        mesh.fill(node, TRUE)
    mesh.settle(20_000)
    return mesh


def steal(mesh, node, runs=SHORT):
    """Have a peer take what the thief wrote."""
    for run in runs:
        try:
            node.peer.feeds.accept(mesh.world.now, run)
        except RemoteError:
            continue  # it knows better
    mesh.world.drain()


def ends(mesh):
    """At each peer: where the feed forked, and what comes next of it."""
    found = []
    for node in mesh.nodes:
        feed = node.peer.feeds.foreign.get(AUTHOR)
        found.append((feed.fork[0] if feed and feed.fork else 0, node.peer.feeds.next_seq(AUTHOR)))
    return found


def all_end(mesh, seq):
    return mesh.world.run(120_000, lambda: set(ends(mesh)) == {(2, seq)})


def holds(mesh, archive):
    """Whether it comes to hold what was witnessed, and nothing of the thief's up to there."""
    return mesh.world.run(60_000, lambda: held(archive) == SEEN)


def held(archive):
    """Up to which seq an archive has what the author wrote, from the first on."""
    seq = 0
    while (value := archive.run(AUTHOR, seq + 1, 900)) is not None:
        run = walk(KIT, value, LIMITS)
        if run.first != seq + 1:
            return seq
        for link in run.links:
            if seq == SEEN or LINKS.get(seq + 1) != link:
                return seq
            seq += 1
    return seq


def test_keepers_write_what_they_have_seen_in_round_numbers():
    mesh = desks()
    for archive in mesh.archives.values():
        for node in mesh.nodes:
            said = [(seq, link) for _, seq, link in archive.seen(AUTHOR, node.peer.id)]
            assert said == [(SEEN, LINKS[SEEN])], said


def test_nothing_is_told_of_a_feed_that_has_just_begun():
    """The seq before a start's first entry is the roundest of all, and no entry."""
    mesh = Desks()
    mesh.limits["seen_ms"] = 1000
    mesh.limits["seen_entries"] = 1
    mesh.settings = {"keep": [{}], "follow": [to_text(make_identity(1).public)]}
    author = mesh.desk(1)[0]
    keeper, archive = mesh.desk(2)
    mesh.settle(20_000)
    for n in range(8):
        author.write(mesh.world.now, "x-note", str(n))
        mesh.settle(10_000)
    told = [seq for _, seq, _ in archive.seen(author.peer.id, keeper.peer.id)]
    assert told, "it has grown by more than one entry"
    assert [seq for seq in told if not seq % (1 << 32)] == [], told


def test_what_two_keepers_saw_stays_with_those_who_were_there():
    mesh = desks()
    steal(mesh, mesh.nodes[0])
    assert all_end(mesh, SEEN + 1), ends(mesh)
    kept = [node.peer.feeds.kept(AUTHOR) for node in mesh.nodes]
    assert kept == [(SEEN, sorted([node.peer.id for node in mesh.nodes]))] * 2, kept


def test_a_newcomer_who_met_the_thief_first_comes_to_the_same():
    mesh = desks()
    for number, runs in ((3, SHORT), (4, THIEF)):
        node, archive = mesh.desk(number)
        steal(mesh, node, runs)
        assert all_end(mesh, SEEN + 1), ends(mesh)
        assert holds(mesh, archive), (number, held(archive))


def test_a_newcomer_who_comes_when_all_is_over_does_too():
    mesh = desks()
    steal(mesh, mesh.nodes[0])
    assert all_end(mesh, SEEN + 1), ends(mesh)
    archive = mesh.desk(3)[1]
    assert all_end(mesh, SEEN + 1), ends(mesh)
    assert holds(mesh, archive), held(archive)


def test_after_a_start_all_is_as_it_was():
    mesh = desks()
    steal(mesh, mesh.nodes[0])
    assert all_end(mesh, SEEN + 1), ends(mesh)
    archive = mesh.archives[2]
    mesh.world.remove(mesh.addresses[1])
    mesh.nodes[1:], mesh.addresses[1:] = [], []
    mesh.desk(2, archive, boots=2)
    assert all_end(mesh, SEEN + 1), ends(mesh)
    assert held(archive) == SEEN


def test_the_word_of_one_keeper_is_not_enough():
    mesh = Desks()
    mesh.limits["seen_ms"] = 1000
    mesh.settings = chosen(1)
    for number in (1, 2):
        mesh.fill(mesh.desk(number)[0], TRUE)
    mesh.settle(20_000)
    steal(mesh, mesh.nodes[0])
    mesh.world.run(20_000)
    assert ends(mesh)[0] == (2, 2), "who chose nobody else has its own word only"
    assert ends(mesh)[1] == (2, SEEN + 1), "who is a keeper itself has two"


def test_what_a_keeper_says_after_its_own_key_was_used_twice_counts_for_nothing():
    mesh = desks()
    steal(mesh, mesh.nodes[0])
    assert all_end(mesh, SEEN + 1), ends(mesh)
    one, other = mesh.nodes
    feeds = one.peer.feeds
    twice = two_words(2)
    assert feeds.prove(other.peer.id, twice)
    mesh.world.run(20_000)
    assert ends(mesh)[0] == (2, 2), ends(mesh)


def two_words(number):
    """A proof that a peer's key was used twice, from its first entry on."""
    who = make_identity(number)
    return [seal_head(who, 1 << 32 | 1, KIT.sha256(text)) for text in (b"one", b"other")]


def test_where_the_highest_is_held_by_nobody_a_lower_one_is_kept():
    mesh = desks()
    steal(mesh, mesh.nodes[0])
    assert all_end(mesh, SEEN + 1), ends(mesh)
    feeds = mesh.nodes[0].peer.feeds
    heard = mesh.archives[1].seen
    more = [(at + 1, LENGTH + 8, b"l" * 32) for at, _, _ in heard(AUTHOR, mesh.nodes[0].peer.id)]
    mesh.archives[1].seen = lambda author, by: heard(author, by) + more
    feeds.said_of(AUTHOR)
    mesh.world.run(20_000)
    assert ends(mesh)[0] == (2, SEEN + 1), ends(mesh)
    assert feeds.sought(AUTHOR) == (2, LENGTH + 8)


def test_when_nothing_happens_nothing_is_sent():
    mesh = desks()
    for number, runs in ((3, SHORT), (4, THIEF)):
        steal(mesh, mesh.desk(number)[0], runs)
    assert all_end(mesh, SEEN + 1), ends(mesh)
    mesh.settle(60_000)
    sent = mesh.world.sent
    mesh.settle(60_000)
    assert mesh.world.sent - sent < 600, mesh.world.sent - sent
