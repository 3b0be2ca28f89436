"""A feed as it is written, read, passed on and caught up with."""

from author import CLOCK, Author, catch_up, seqs
from helpers import raises

from mesh.core.codec import cbor
from mesh.core.errors import RemoteError
from mesh.core.feed.feed import Feed, Fork, open_head
from mesh.core.kit import Kit


def test_append_sign_run():
    author = Author()
    feed = author.feed
    assert (feed.first_seq, feed.next_seq, feed.head) == (1, 1, None)
    assert author.run() is None, "nothing there"
    assert feed.sign(author.identity) is None, "nothing to sign"
    assert feed.append(CLOCK, "note", "one") == 1
    assert author.run() is None, "nothing signed"
    head = feed.sign(author.identity)
    assert head == feed.head and open_head(author.kit, feed.author, head)[0] == 1, head
    assert feed.sign(author.identity) is None, "signed already"
    assert feed.append(CLOCK, "note", "two") == 2
    run = author.run()
    assert len(run[3]) == 1, "up to the head"
    assert author.run(2) is None, "nothing newer is signed"
    feed.sign(author.identity)
    assert author.run(2)[1] == 2
    assert author.run(3) is None


def test_follow_step_by_step():
    author = Author()
    reader = author.reader()
    for n in range(1, 10):
        author.write(n)
        new, runs = catch_up(author, reader)
        assert runs == 1 and len(new) == n, (new, runs)
    assert reader.next_seq == author.feed.next_seq == 46
    assert reader.gap is None, reader.gap


def test_catch_up_in_several_runs():
    author = Author()
    author.write(100, per_head=3, size=60)
    reader = author.reader()
    new, runs = catch_up(author, reader)
    assert new == list(range(1, 101)), new
    assert runs > 8, runs
    assert reader.gap is None, reader.gap
    assert len(author.feed._heads) < 2 * runs + 2, "heads are kept for runs to end at, no more"
    # whoever was read can be read from
    passed_on = Author()
    passed_on.feed = reader
    assert catch_up(passed_on, author.reader())[0] == new


def test_more_than_a_run_between_two_heads():
    author = Author()
    author.write(40, size=60)
    new, runs = catch_up(author, author.reader())
    assert new == list(range(1, 41)), new
    assert runs == 5, runs
    assert len(author.feed._heads) == 5, "one for each"
    author.write(1)
    assert len(author.feed._heads) == 6 - 1, "the last one was short"


def test_nothing_is_lost_whatever_the_sizes():
    for size in range(0, 480, 7):
        author = Author(start=1 << 32)
        author.write(12, size=size)
        new, _ = catch_up(author, author.reader())
        assert new == [(1 << 32) + n for n in range(1, 13)], (size, new)


def test_entries_as_large_as_they_may_be():
    author = Author()
    author.feed.append(CLOCK, "note", "small")
    author.write(3, size=490)
    author.feed.append(CLOCK, "note", "small")
    author.feed.sign(author.identity)
    assert catch_up(author, author.reader())[0] == [1, 2, 3, 4, 5]


def test_newest_that_fit_if_no_head_is_near():
    author = Author()
    author.write(8, size=60)
    run = author.run(max_bytes=600)
    assert run[1] > 1 and run[1] + len(run[3]) == 9, run[1]
    reader = author.reader()
    new = reader.accept(run)
    assert seqs(author.kit, new) == list(range(run[1], 9)), new
    assert reader.gap == (1, run[1] - 1), reader.gap
    assert reader.first_seq == run[1], reader.first_seq
    assert author.run(max_bytes=300) is None, "not even one"


def test_a_short_tail():
    author = Author(tail=20)
    author.write(50, per_head=4)
    assert (author.feed.first_seq, author.feed.next_seq) == (31, 51)
    reader = author.reader(tail=5)
    new, _ = catch_up(author, reader, first=1)
    assert new == list(range(31, 51)), new
    assert (reader.first_seq, reader.next_seq) == (46, 51)
    assert reader.gap == (1, 30), reader.gap
    author.write(3)
    assert catch_up(author, reader)[0] == [51, 52, 53]
    passed_on = Author()
    passed_on.feed = reader
    late = author.reader()
    assert catch_up(passed_on, late, first=1)[0] == list(range(49, 54))


def test_the_same_again_and_overlaps():
    author = Author()
    reader = author.reader()
    author.write(5)
    first = author.run()
    author.write(5)
    second = author.run()
    middle = author.run(4)
    assert seqs(author.kit, reader.accept(first)) == [1, 2, 3, 4, 5]
    assert reader.accept(first) == [], "nothing new"
    assert seqs(author.kit, reader.accept(middle)) == [6, 7, 8, 9, 10]
    assert reader.accept(second) == reader.accept(first) == [], "nothing new"


def test_signatures_are_checked_only_if_needed():
    author = Author()
    checks = []
    kit = author.kit
    author.write(5)
    run = author.run()

    def verify(public, signature, data):
        checks.append(public)
        return kit.verify(public, signature, data)

    reader = Feed(
        Kit(kit.sha256, verify, kit.encode, kit.decode, kit.random), author.feed.author, 128
    )
    reader.accept(run)
    assert len(checks) == 1, checks
    reader.accept(run)
    author_id, first, before, entries, head = run
    for wrong in (
        run[:4],
        [author_id, 2, before, entries, head],
        [author_id, first, before, entries[::-1], head],
    ):
        raises(RemoteError, reader.accept, wrong)
    assert len(checks) == 1, "known, or wrong before its signature matters"


def test_older_than_what_is_held():
    author = Author()
    author.write(10, per_head=5)
    early = author.run(1, 400)
    assert early[1] + len(early[3]) == 6, early
    author.write(40, per_head=5)
    reader = author.reader(tail=3)
    catch_up(author, reader)
    assert reader.first_seq == 48, reader.first_seq
    assert reader.accept(early) == [], "nothing to compare it with"


def test_a_gap_and_the_runs_after_it():
    author = Author()
    author.write(5)
    reader = author.reader()
    reader.accept(author.run())
    author.write(20, per_head=5)
    assert seqs(author.kit, reader.accept(author.run(11))) == list(range(11, 26))
    assert reader.gap == (6, 10), reader.gap
    assert (reader.first_seq, reader.next_seq) == (11, 26)
    author.write(1)
    assert catch_up(author, reader)[0] == [26]


def test_a_run_of_another_author_is_refused():
    a, b = Author(1), Author(2)
    a.write(3)
    b.write(3)
    raises(RemoteError, a.reader().accept, b.run())


def test_a_forged_run_changes_nothing():
    author = Author()
    author.write(3)
    reader = author.reader()
    reader.accept(author.run())
    author.write(3)
    run = author.run()
    state = (reader.next_seq, reader.head, reader.gap)
    data = cbor.encode(run)
    for bit in range(8 * len(data)):
        at = bit >> 3
        other = data[:at] + bytes((data[at] ^ 1 << (bit & 7),)) + data[at + 1 :]
        try:
            reader.accept(cbor.decode(other))
        except RemoteError as error:
            assert not isinstance(error, Fork), bit
        else:
            raise AssertionError(f"bit {bit} was not noticed")
        assert (reader.next_seq, reader.head, reader.gap) == state, bit
    assert seqs(author.kit, reader.accept(run)) == [4, 5, 6]


def test_going_on_after_a_restart():
    author = Author()
    author.write(5)
    reader = author.reader()
    catch_up(author, reader)
    seq, link = open_head(author.kit, author.feed.author, author.feed.head)
    again = Author(start=seq, link=link)
    assert again.feed.next_seq == 6 and again.run() is None
    again.write(4)
    assert catch_up(again, reader)[0] == [6, 7, 8, 9]
    restored = Feed(author.kit, author.feed.author, 8, start=seq, link=link)
    assert restored.accept(author.run()) == [], "known already"
    assert seqs(author.kit, restored.accept(again.run(6))) == [6, 7, 8, 9]


def test_starting_anew_further_on():
    """A board that keeps no feed across restarts goes on where none of its entries can be."""
    before, after = Author(start=1 << 32), Author(start=2 << 32)
    before.write(3)
    after.write(2)
    reader = before.reader()
    assert len(catch_up(before, reader)[0]) == 3
    assert reader.gap == (1, 1 << 32), reader.gap
    assert catch_up(after, reader)[0] == [(2 << 32) + 1, (2 << 32) + 2]
    assert reader.gap == ((1 << 32) + 4, 2 << 32), reader.gap
