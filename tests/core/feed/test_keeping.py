"""A feed with a store: what a head covers is kept before the head is signed."""

from author import CLOCK, Author, catch_up

from mesh.core.feed.feed import Feed
from mesh.core.feed.feeds import Feeds
from mesh.core.limits import Limits


class Store:
    """Notes what it was given; `full` raises OSError."""

    def __init__(self):
        self.kept = []
        self.full = False

    def keep(self, first, before, entries, new):
        if self.full:
            raise OSError(28)
        at = len(entries) - new
        self.kept += entries[max(0, at) :]


def author(tail=128):
    one = Author(1, tail)
    store = Store()
    one.feed.resume(1, one.feed.before, (), store.keep)
    return one, store


def test_what_is_not_kept_is_not_signed():
    one, store = author()
    one.feed.append(CLOCK, "note", 1)
    assert one.feed.unkept == 1
    assert one.feed.sign(one.identity) is None
    assert one.run() is None
    one.feed.keep()
    assert one.feed.sign(one.identity)
    one.feed.append(CLOCK, "note", 2)
    assert one.feed.sign(one.identity) is None
    assert len(one.run()[3]) == 1
    assert len(store.kept) == 1


def test_a_full_disk_stops_nothing_but_signing():
    one, store = author(tail=8)
    one.feed.append(CLOCK, "note", 0)
    one.feed.keep()
    one.feed.sign(one.identity)
    store.full = True
    for n in range(20):
        one.feed.append(CLOCK, "note", n)
        one.feed.keep()
        assert one.feed.sign(one.identity) is None
    assert one.feed.trouble
    assert one.feed.unkept == 20
    store.full = False
    one.feed.keep()
    assert not one.feed.trouble
    assert one.feed.sign(one.identity)
    reader = one.reader()
    assert catch_up(one, reader)[0] == list(range(14, 22))


def test_it_goes_on_where_it_was():
    one, store = author()
    for n in range(5):
        one.feed.append(CLOCK, "note", n)
    one.feed.keep()
    one.feed.sign(one.identity)
    reader = one.reader()
    assert len(catch_up(one, reader)[0]) == 5
    again = Feed(one.kit, one.identity.public, 3)
    again.resume(1, one.feed.before, iter(store.kept), store.keep)
    assert [again.first_seq, again.next_seq, again.unkept] == [3, 6, 0]
    one.feed = again
    again.append(CLOCK, "note", 5)
    again.keep()
    again.sign(one.identity)
    assert catch_up(one, reader)[0] == [6]
    assert reader.gap is None


def test_a_store_is_used_at_most_once_an_interval():
    one, store = author()
    feeds = Feeds(one.kit, one.identity, Limits(head_ms=5000), 1)
    feeds.own = one.feed
    assert feeds.keep(0) is None
    one.feed.append(CLOCK, "note", 1)
    assert feeds.keep(1000) is None
    one.feed.append(CLOCK, "note", 2)
    assert feeds.keep(2000) == 6000
    assert len(store.kept) == 1
    assert feeds.keep(6000) is None
    assert len(store.kept) == 2


def test_without_a_store_all_is_signed_at_once():
    one = Author(1)
    one.feed.append(CLOCK, "note", 1)
    assert one.feed.unkept == 0
    assert one.feed.sign(one.identity)


def test_after_a_restart_only_what_is_wanted_is_signed():
    one, _ = author()
    for _ in range(100):
        one.feed.append(CLOCK, "note", "x" * 50)
    one.feed.keep()
    signed = []
    real = one.identity.sign

    def sign(data):
        signed.append(data)
        return real(data)

    one.identity.sign = sign
    assert one.feed.sign(one.identity, 101)
    assert len(signed) == 1
    assert one.run(100)[1] == 100
    one.feed.sign(one.identity, 99)
    one.feed.sign(one.identity, 100)
    assert len(signed) == 1
    one.feed.sign(one.identity, 1)
    pieces = len(signed)
    assert 5 < pieces < 15
    reader = one.reader()
    assert catch_up(one, reader)[0] == list(range(1, 101))
    assert reader.gap is None
    for first in range(100, 0, -1):
        one.feed.sign(one.identity, first)
    assert len(signed) == pieces
