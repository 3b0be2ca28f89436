"""The store's thread: no run, job or error ends it, and nobody waits for it for long."""

import sqlite3
import threading
import time
from contextlib import closing

import pytest
from stored import KIT, entry, faults, feed, identity, part, run_of, take

from mesh.core.codec.cbor import Decimal
from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed.chain import Run, seal_head
from mesh.core.full.archived import Archived
from mesh.core.limits import Limits
from mesh.hub.store import rows
from mesh.hub.store.archive import Archive
from mesh.hub.store.own import OwnFeed
from mesh.hub.store.queries import Queries

ANN, BOB, EVE = identity(1), identity(2), identity(66)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


def held(path, author):
    with Queries(path) as store:
        return store.spans(author.public)


def at(who, first, **odd):
    """A run that no check of the protocol saw, at any seq."""
    entries = [KIT.encode([1, [2, 1, 1, 1], "note", None])] * 2
    links = rows.links(bytes(32), entries)
    head = seal_head(who, 2, links[-1])
    return Run(who.public, first, bytes(32), entries, head, first + 1, links, [])._replace(**odd)


@pytest.mark.parametrize(
    "bad",
    [
        [at(EVE, (1 << 63) - 2), at(EVE, (1 << 63) - 3)],
        [at(EVE, (1 << 63) - 1), at(EVE, 1 << 64)],
        [at(EVE, -5), at(EVE, 0)],
        [at(EVE, 1.5), at(EVE, 1e300)],
        [at(EVE, 1)._replace(first="one")],
        [at(EVE, 1, seq="two")],
        [at(EVE, 1, head=["no head"])],
        [at(EVE, 1, links=[])],
        [at(EVE, 1, entries=[7])],
        [at(EVE, 1, author="\ud800")],
        [at(EVE, 1, before=object())],
        [at(EVE, 1), at(EVE, 2, links=[b"", b""])],
    ],
    ids=range(12),
)
def test_a_run_that_cannot_be_kept_costs_nobody_else_anything(path, bad, caplog):
    with Archive(path) as archive:
        runs = feed(ANN, 40)
        for run in runs[:4]:
            archive.took(run.author, run)
        for run in bad:
            archive._writer.keep(run)  # as if no check had been before
        for run in [*runs[4:], *feed(BOB, 20)]:
            archive.took(run.author, run)
        archive.do(lambda _: None)  # all before it is done
        if archive.faults:
            with pytest.raises(LocalError, match="cannot be kept"):
                archive.flush(30)
        archive.flush(30)  # told once
        assert archive.trouble == ""
        assert "died" not in caplog.text
        one = entry(41, [{0: "x", 2: Decimal(5, -1)}])
        take(archive, [part(ANN, [*(e for run in runs for e in run.entries), one], 36, 41)])
    assert held(path, ANN) == [(1, 41)]
    assert held(path, BOB) == [(1, 20)]
    with Archive(path) as archive:  # what of it was kept harms no start either
        assert archive.heads()[ANN.public][0] == 42
        archive.flush(30)
    assert not [fault for fault in faults(path) if fault.author in (ANN.public, BOB.public)]


def test_a_fault_is_told_with_its_traceback_and_not_too_often(path, caplog):
    with Archive(path) as archive:
        for _ in range(20):
            archive._writer.keep(at(EVE, 1)._replace(links=[]))
        with pytest.raises(LocalError):
            archive.flush()
        assert archive.faults == 20
    told = [record for record in caplog.records if "cannot be kept" in record.getMessage()]
    assert [record.exc_info is not None for record in told] == [True] * 5  # 1, 2, 4, 8, 16


def test_a_thread_that_died_is_started_anew(path, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    with Archive(path) as archive:
        take(archive, feed(ANN, 20))

        def die(*_):
            raise SystemExit

        with pytest.raises(LocalError, match="died"):
            archive.do(die)
        archive._writer._put(die)  # and among the runs of a batch
        take_again(archive, feed(ANN, 40))
        assert archive.trouble == ""
        archive.do(lambda database: database.execute("SELECT 1") and None)
    assert held(path, ANN) == [(1, 40)]
    assert faults(path) == []


def take_again(archive, runs):
    """Take runs, also if the first time something beside them was left out."""
    for _ in range(2):
        for run in runs:
            archive.took(run.author, run)
        try:
            archive.flush(5)
        except LocalError:
            continue
        return
    raise AssertionError("not written")


class Slow:
    """A disk that stands still until it is let go."""

    def __init__(self, archive):
        self.go = threading.Event()
        self.stands = threading.Event()
        archive._writer._put(self)

    def __call__(self):
        self.stands.set()
        self.go.wait(60)


def test_a_disk_that_stands_still_costs_a_loop_a_moment_once(path, monkeypatch):
    """Requests are answered 5.03, the own feed says why it is not published, and all goes on by
    itself. Nothing is acknowledged that is not kept.
    """
    monkeypatch.setattr("mesh.hub.store.writer.WAIT_S", 0.3)
    own = identity(9)
    with Archive(path) as archive:
        limits = Limits()
        hooks = (lambda author: 1, lambda *_: None, lambda *_: None)
        feeds = Archived(KIT, own, limits, 1, hooks)
        OwnFeed(archive, own, limits.tail).restore(feeds.own, True)
        feeds.resume(archive)
        slow = Slow(archive)
        slow.stands.wait(10)
        waits = []

        def wait_of(what):
            start = time.monotonic()
            try:
                return what()
            finally:
                waits.append(time.monotonic() - start)

        for n, run in enumerate(feed(ANN, 40)):
            with pytest.raises(RemoteError) as refused:
                wait_of(lambda run=run, n=n: feeds.take(n, [list(run[:5])]))
            assert refused.value.code == 0xA3
            feeds.own.append([0, 1, n, None], "note", n)
            wait_of(feeds.own.keep)
            assert feeds.own.sign(own) is None, "a head vouches only for what is kept"
            assert "in time" in feeds.own.trouble
        assert sum(waits) < 2, waits
        slow.go.set()
        archive.flush(10)
        feeds.own.keep()
        assert (feeds.own.trouble, feeds.own.unkept) == ("", 0)
        assert feeds.own.sign(own) is not None
        assert feeds.take(99, [list(run_of(ANN, [entry(1)])[:5])]) == {ANN.public: 40}
    assert held(path, ANN) == [(1, 40)]
    with Queries(path) as store:
        assert [said.body for said in store.entries(own.public)] == list(range(8))
    assert faults(path) == []


def test_a_store_that_another_program_holds(path, monkeypatch):
    monkeypatch.setattr("mesh.hub.store.schema.BUSY_S", 0.2)
    monkeypatch.setattr("mesh.hub.store.work.AGAIN_S", 0.05)
    with Archive(path) as archive, closing(sqlite3.connect(path, isolation_level=None)) as other:
        take(archive, feed(ANN, 10))
        other.execute("BEGIN EXCLUSIVE")
        for run in feed(ANN, 20):
            archive.took(run.author, run)
        with pytest.raises(LocalError):
            archive.flush()
        assert archive.run(ANN.public, 1, 900) is not None
        other.execute("COMMIT")
        archive.flush(10)
        assert archive.trouble == ""
    assert held(path, ANN) == [(1, 20)]


def test_the_end_of_a_peer_does_not_wait_for_good(path, monkeypatch):
    monkeypatch.setattr("mesh.hub.store.writer.PATIENCE_S", 0.2)
    archive = Archive(path).open()
    slow = Slow(archive)
    slow.stands.wait(10)
    archive.close()
    slow.go.set()
    archive._writer._thread.join(10)
    archive.close()


def test_what_is_damaged_is_taken_out_when_it_is_met(path):
    """A row in the middle, which no start looks at: it stops nobody, and is fetched anew."""
    runs = feed(ANN, 300)
    with Archive(path) as archive:
        take(archive, runs)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE run SET link = zeroblob(32) WHERE first = 1")
    with Archive(path) as archive:
        told = []
        archive._hooks = archive._hooks._replace(forked=lambda *what: told.append(what))
        assert archive.run(ANN.public, 1, 900) is None
        take(archive, [part(ANN, [e for run in runs for e in run.entries], 3, 45)])
        ((first, _),) = archive.missing(ANN.public)
        assert first == 1
        take(archive, runs)
        assert archive.missing(ANN.public) == []
        assert (told, archive.faults, archive.trouble) == ([], 0, "")
    assert held(path, ANN) == [(1, 300)]
    assert faults(path) == []
