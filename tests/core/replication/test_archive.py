"""Peers that keep more than tails: gaps, offers, restarts and forks, with an archive."""

from keeping_all import TAIL, Archive, Desks, written
from world import make_identity

from mesh.core.coap import message as coap
from mesh.core.errors import LocalError
from mesh.core.events import Answer, Forked
from mesh.core.feed.chain import read_run
from mesh.core.security.signed_client import request_for


def sources(node):
    """Who gave it new entries, and how many: a dict that fills."""
    found = {}
    accept = node.peer.feeds.accept

    def listen(now_ms, value, source=None):
        new = accept(now_ms, value, source)
        if new:
            found[source] = found.get(source, 0) + new
        return new

    node.peer.feeds.accept = listen
    return found


def heard(node):
    """The seqs of all entries that are told to be new: a list that fills."""
    found = []
    tell = node.peer.feeds.heard

    def listen(now_ms, author, values, run):
        found.extend([value[0] for value in values])
        tell(now_ms, author, values, run)

    node.peer.feeds.heard = listen
    return found


# gaps


def test_a_gap_is_filled_from_several_at_once():
    author, runs = written(400)
    mesh = Desks(3)
    for node in mesh.nodes:
        mesh.fill(node, runs)
    late, archive = mesh.desk(9)
    mesh.fill(late, runs[-1:])
    given, seqs = sources(late), heard(late)
    whole = list(range(1, 401))
    assert mesh.world.run(60_000, lambda: archive.seqs(author) == whole), archive.missing(author)
    assert len(given) == 3, given
    assert min(given.values()) > 40, given
    assert len(seqs) == len(set(seqs)), "nothing is told twice"
    assert late.peer.feeds.foreign[author].next_seq == 401


def test_a_gap_is_filled_although_each_has_only_a_part():
    author, runs = written(200)
    third = len(runs) // 3
    mesh = Desks(3)
    parts = (runs[: third + 1], runs[third : 2 * third + 1], runs[2 * third :])
    for n, part in enumerate(parts):
        mesh.fill(mesh.nodes[n], part)
    _, archive = mesh.desk(9)
    whole = list(range(1, 201))
    assert mesh.world.run(120_000, lambda: archive.seqs(author) == whole), archive.missing(author)
    for kept in mesh.archives.values():
        same = mesh.world.run(120_000, lambda kept=kept: kept.seqs(author) == whole)
        assert same, "and each that had a part has all"


def test_a_gap_is_filled_although_answers_are_lost_and_one_who_has_it_goes():
    author, runs = written(300)
    mesh = Desks(2)
    for node in mesh.nodes:
        mesh.fill(node, runs)
    late, archive = mesh.desk(9)
    mesh.fill(late, runs[-1:])
    dice = mesh.nodes[0].contacts._random
    mesh.lose = lambda source, target, data: dice(1)[0] < 75
    assert mesh.world.run(60_000, lambda: len(archive.seqs(author)) > 60)
    mesh.world.remove(mesh.addresses[0])
    whole = list(range(1, 301))
    assert mesh.world.run(400_000, lambda: archive.seqs(author) == whole), archive.missing(author)


def test_a_gap_of_before_a_restart_is_filled_after_it():
    author, runs = written(100)
    archive = Archive()
    mesh = Desks()
    first, _ = mesh.desk(9, archive)
    mesh.fill(first, runs[:3] + runs[-1:])
    archive.flush()
    assert archive.missing(author)
    mesh = Desks(1)
    mesh.fill(mesh.nodes[0], runs)
    mesh.desk(9, archive, boots=2)
    whole = list(range(1, 101))
    assert mesh.world.run(60_000, lambda: archive.seqs(author) == whole), archive.missing(author)


# what was offered


def test_what_is_acknowledged_is_safe():
    author, runs = written(40)
    mesh = Desks()
    desk, archive = mesh.desk(1)
    held = desk.peer.feeds.take(mesh.world.now, runs[:3])
    archive.crash()
    assert held[author] >= runs[2][1]
    assert archive.seqs(author)[-1] == held[author], "a crash right after that loses nothing"


def offered(mesh, giver, taker, runs):
    """The code of the answer to an offer, and what it holds."""
    at = mesh.addresses[mesh.nodes.index(giver)]
    number = giver.ask(
        mesh.world.now,
        taker.peer.id,
        request_for(coap.POST, ["feeds"]),
        60,
        giver.peer.kit.encode(runs),
    )
    answers = []

    def answered():
        answers[:] = [e for e in mesh.world.of(at, Answer) if e.number == number]
        return answers

    assert mesh.world.run(30_000, answered)
    return answers[0]


def test_what_cannot_be_written_is_refused_in_words_and_taken_later():
    author, runs = written(20)
    mesh = Desks(1)
    desk, archive = mesh.nodes[0], mesh.archives[1]
    giver = mesh.join(5)
    mesh.settle()
    archive.full = LocalError("the disk is full")
    refused = offered(mesh, giver, desk, runs[:1])
    assert (refused.code, refused.signed) == (0xA3, True), refused
    assert "the disk is full" in refused.error, refused
    archive.full = None
    taken = offered(mesh, giver, desk, runs[:1])
    assert (taken.code, taken.error) == (0x44, None), taken
    archive.crash()
    assert archive.seqs(author), "the same once more, and now it is safe"


# restarts


def test_after_a_restart_only_what_is_new_is_fetched():
    author, runs = written(100)
    archive = Archive()
    mesh = Desks()
    first, _ = mesh.desk(9, archive)
    mesh.fill(first, runs[:-2])
    archive.flush()
    last = archive.seqs(author)[-1]
    mesh = Desks(1)
    mesh.fill(mesh.nodes[0], runs)
    again, _ = mesh.desk(9, archive, boots=2)
    assert again.peer.feeds.next_seq(author) == last + 1
    seqs = heard(again)
    whole = list(range(1, 101))
    assert mesh.world.run(60_000, lambda: archive.seqs(author) == whole)
    assert seqs == list(range(last + 1, 101)), seqs


def test_after_a_restart_those_go_first_that_are_followed():
    authors = [make_identity(200 + n).public for n in range(6)]
    mesh = Desks(1)
    feeds = mesh.nodes[0].peer.feeds
    feeds._limits.peers = 2
    feeds.wants = lambda author: 3 if author == max(authors) else 1
    archive = Archive()
    archive.heads = lambda: {author: (2, bytes(32), b"") for author in authors}
    feeds.resume(archive)
    assert sorted(feeds.foreign) == [min(authors), max(authors)]


def test_the_own_feed_is_in_the_archive_and_older_runs_come_from_there():
    mesh = Desks()
    mesh.limits["tail"] = TAIL
    writer, archive = mesh.desk(1)
    own = writer.peer.feeds.own
    for n in range(50):
        mesh.write(writer, n)
        mesh.world.run(1100)
        writer.peer.feeds.head(own.author)
    last = own.next_seq - 1
    assert own.first_seq > own._limits.tail
    whole = [(1 << 32) + 1 + n for n in range(last - (1 << 32))]  # seqs are too large for range()
    assert archive.seqs(own.author) == whole
    tail = (own.first_seq, own.before, list(own._entries))
    archive.flush()
    mesh = Desks()
    mesh.limits["tail"] = TAIL
    again = mesh.keeper(1, boots=2)
    again.peer.feeds.own.resume(*tail, lambda *_: None)
    again.peer.feeds.resume(archive)
    late, held = mesh.desk(9)
    mesh.write(again, 99)
    whole.append(last + 1)
    assert mesh.world.run(60_000, lambda: held.seqs(own.author) == whole)
    assert archive.seqs(own.author) == whole, "it goes on where it was"
    assert late.peer.feeds.foreign[own.author].first_seq > whole[0], "its tail alone is short"


def test_older_runs_than_the_tail_prove_themselves():
    author, runs = written(100)
    mesh = Desks(1)
    desk = mesh.nodes[0]
    mesh.fill(desk, runs)
    feeds = desk.peer.feeds
    assert feeds.foreign[author].first_seq > 80
    seq = 1
    while (run := feeds.run(author, seq)) is not None:
        assert run[1] == seq
        read_run(desk.peer.kit, run, feeds._limits)
        seq += len(run[3])
    assert seq == 101


# forks


def test_after_a_restart_a_fork_is_known_and_what_is_before_it_is_given():
    author, one = written(80)
    other = written(80, 50)[1]
    archive = Archive()
    mesh = Desks()
    desk, _ = mesh.desk(1, archive)
    mesh.fill(desk, one)
    assert desk.peer.feeds.prove(author, [one[14], other[14]])
    assert desk.peer.feeds.prove(author, [one[10], other[10]]), "of an earlier fork"
    archive.flush()
    mesh = Desks()
    again, _ = mesh.desk(1, archive, boots=2)
    feed = again.peer.feeds.foreign[author]
    assert (feed.fork[0], feed.next_seq) == (51, 51), (feed.fork[0], feed.next_seq)
    mesh.world.drain()
    assert mesh.world.of(mesh.addresses[0], Forked) == [Forked(author, 51)]
    late = mesh.join(9)

    def knows():
        held = late.peer.feeds.foreign.get(author)
        return held and held.fork and (held.fork[0], held.next_seq) == (51, 51)

    assert mesh.world.run(60_000, knows), late.peer.feeds.foreign.get(author)
