"""The disk that a store takes at any moment, its write-ahead log too: while another program reads
it and does not end, and while nothing can be written.
"""

import sqlite3
import threading
from contextlib import closing, contextmanager

import pytest
from crowds import budget, identity_of, refusal, who
from stored import feed, identity, take

from mesh.core.errors import LocalError
from mesh.hub.store import jobs, log_size, work
from mesh.hub.store.archive import Archive
from mesh.hub.store.floor import Floor
from mesh.hub.store.keeper import MOST

MOST_BYTES = 1 << 20
KEPT_BYTES = 64 << 10
WAIT_MS = log_size.WAIT_MS
BATCH_BYTES = 256 << 10  # what one transaction of these tests takes, at most


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The path of a store whose log is long soon."""
    monkeypatch.setattr(log_size, "MOST", MOST_BYTES)
    monkeypatch.setattr(log_size, "STRANGE", MOST_BYTES // 2)
    monkeypatch.setattr(log_size, "JOURNAL", KEPT_BYTES)
    monkeypatch.setattr(log_size, "AGAIN_S", 0.0)
    monkeypatch.setattr(log_size, "WAIT_MS", 10)
    monkeypatch.setattr(work, "AGAIN_S", 0.05)
    return tmp_path / "store.db"


def log_bytes(store):
    return log_size.size_of(log_size.path_of(store))


@contextmanager
def held(store, how="BEGIN"):
    """Another program that began to read, or to write, and does not go on."""
    with closing(sqlite3.connect(store, isolation_level=None)) as database:
        database.execute(how)
        database.execute("SELECT count(*) FROM author").fetchall()
        yield
        database.execute("ROLLBACK")


def crowd(archive, store, numbers):
    """The longest that the log was while identities were kept, and whether the last were."""
    longest, kept = 0, True
    for number in numbers:
        try:
            take(archive, feed(identity_of(number), 1))
        except LocalError:
            kept = False
        longest = max(longest, log_bytes(store))
    return longest, kept


def test_a_reader_that_does_not_end_has_the_log_grow_only_so_far(store):
    told = []
    with Archive(store, told=told.append) as archive:
        with held(store):
            longest, kept = crowd(archive, store, range(1, 400))
            assert not kept, "who hands something over is told that it is not kept"
            assert MOST_BYTES <= longest <= MOST_BYTES + BATCH_BYTES
            assert "a program that reads the store does not end" in archive.trouble
            archive.keep_synced(feed(identity(1), 3))
            assert identity(1).public in archive.heads(), "the own feed goes on"
        archive.flush(30)
        assert len(archive.heads()) == 400
        assert archive.trouble == told[-1] == ""
        assert log_bytes(store) <= KEPT_BYTES + BATCH_BYTES
    assert not log_size.path_of(store).exists()


def test_readers_that_take_turns_do_not_have_the_log_grow(store, monkeypatch):
    """There is always one, so SQLite by itself would never begin the log anew."""
    monkeypatch.setattr(log_size, "WAIT_MS", WAIT_MS)  # each has its turn within that
    stop = threading.Event()

    def read():
        with closing(sqlite3.connect(store, isolation_level=None)) as database:
            while not stop.is_set():
                database.execute("BEGIN")
                database.execute("SELECT count(*) FROM run").fetchall()
                stop.wait(0.01)
                database.execute("ROLLBACK")

    readers = [threading.Thread(target=read) for _ in range(4)]
    with Archive(store) as archive:
        for one in readers:
            one.start()
        try:
            longest, kept = crowd(archive, store, range(1, 300))
        finally:
            stop.set()
            for one in readers:
                one.join()
    assert kept
    assert longest < MOST_BYTES


def test_nothing_of_strangers_is_taken_while_the_log_is_half_as_long(store):
    told = []
    now = [100.0]
    floor = Floor(store.parent, 1, told.append, now_s=lambda: now[0])
    some = budget({who(1)}, floor)
    log = log_size.path_of(store)
    for size, strangers in ((10, True), (MOST_BYTES // 2, False), (10, True)):
        log.write_bytes(bytes(size))
        now[0] += 2
        why = refusal(some, who(2))
        assert (why is None) == strangers
        assert refusal(some, who(1)) is None
    assert "store.db, its log has 0 MB" in told[0]
    assert told[1:] == [""]


def test_a_crowd_that_comes_while_nothing_can_be_written(store):
    """It is counted when it is let in: so all of it can be written later."""
    some = budget(strange_authors=100)
    with Archive(store, budget=some) as archive:
        with held(store, "BEGIN IMMEDIATE"):
            let_in = 0
            for number in range(1, 2000):
                author = identity_of(number)
                if refusal(some, author.public) is None:
                    archive.took(author.public, *feed(author, 1))
                    let_in += 1
            assert let_in == 100
        archive.flush(30)
        assert some.sums()[0] == 100


def test_what_was_let_in_and_was_no_good_is_counted_no_more(tmp_path):
    some = budget()
    now = [100.0]
    some._now_s = lambda: now[0]
    assert [refusal(some, who(n)) is None for n in range(21)] == [True] * 20 + [False]
    assert refusal(some, who(3)) is None, "more of who is waited for"
    now[0] += 61
    assert refusal(some, who(30)) is None


def test_room_is_made_before_more_is_written_than_a_store_may_have(store, monkeypatch):
    """Whatever waited: a transaction is small, and what it is too much goes before the next."""
    monkeypatch.setattr(jobs, "BATCH", 20_000)
    some = budget(strange_authors=50)
    with Archive(store, budget=some) as archive:
        with held(store, "BEGIN IMMEDIATE"):
            for number in range(1, MOST):
                author = identity_of(number)
                archive.took(author.public, *feed(author, 1))
        archive.flush(60)
        assert some.sums()[0] == 50
        (pages,) = archive.database.execute("PRAGMA page_count").fetchone()
    assert pages * 4 < 200, f"{pages * 4} KiB of 50 strangers; of all it would be 600"


def test_a_store_that_is_closed_takes_no_log_though_another_program_has_it_open(store):
    """SQLite removes the log only with the last connection to the file."""
    with Archive(store) as archive:
        crowd(archive, store, range(1, 20))
        other = sqlite3.connect(store)
        other.execute("SELECT count(*) FROM author").fetchall()
        assert log_bytes(store)
    assert log_bytes(store) == 0
    other.close()
