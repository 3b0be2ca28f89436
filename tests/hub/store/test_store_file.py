"""The file of a store: of which version it is, whose, who may read it, and a disk that is full."""

import sqlite3

import pytest
from stored import faults, feed, identity, take

from mesh.core.errors import LocalError
from mesh.hub.store import schema
from mesh.hub.store.archive import Archive
from mesh.hub.store.queries import Queries
from mesh.hub.store.work import Work

ANN = identity(1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


def held(path, author):
    with Queries(path) as store:
        return store.spans(author)


OLDER = """
    INSERT INTO author(id, key) VALUES (1, zeroblob(32));
    INSERT INTO sensor(id, author, name, unit) VALUES (1, 1, 'temperature', 'Cel');
    INSERT INTO reading VALUES (1, 1790000000000, 1, 2, 21.5);
"""


def test_an_older_store_is_brought_up_to_date(path):
    with sqlite3.connect(path) as old:
        old.executescript(schema.MIGRATIONS[0] + OLDER)
        old.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        old.execute("PRAGMA user_version = 1")
    old.close()
    with pytest.raises(LocalError, match="older"):
        Queries(path)
    with Archive(path) as archive:
        archive.flush()
    with Queries(path) as store:
        (sensor,) = store.sensors()
        assert store.thinned(sensor, 0, 1 << 45, 1)[0].mean == 21.5


def other_database(path):
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE run (author, entries)")
    other.close()


def newer(path):
    schema.connect(path, writing=True).close()
    with sqlite3.connect(path) as store:
        store.execute("PRAGMA user_version = 99")
    store.close()


def damaged(path):
    path.write_bytes(b"SQLite format 3\0" + bytes(range(200)) * 30)


@pytest.mark.parametrize(
    ("make", "words"),
    [(other_database, "something else"), (newer, "newer"), (damaged, "damaged, or no store"),
     (lambda path: path.write_text("a letter" * 100), "damaged, or no store")],
)  # fmt: skip
def test_what_is_no_store_of_ours_is_refused_and_stays_as_it_is(path, make, words):
    make(path)
    before = path.read_bytes()
    for opening in (lambda: Archive(path).open(), lambda: Queries(path)):
        with pytest.raises(LocalError, match=words):
            opening()
    assert path.read_bytes() == before


def test_nothing_is_there_to_read_before_something_was_kept(path):
    with pytest.raises(LocalError, match="nothing was kept"):
        Queries(path)
    assert not path.exists()


def test_nobody_else_may_read_it(path):
    with Archive(path) as archive:
        take(archive, feed(ANN, 5))
        assert {file.stat().st_mode & 0o077 for file in path.parent.iterdir()} == {0}


def test_a_full_disk_loses_nothing_and_holds_up_nobody(path, monkeypatch):
    monkeypatch.setattr("mesh.hub.store.work.AGAIN_S", 0.01)
    told = []
    with Archive(path, told=told.append) as archive:
        take(archive, feed(ANN, 5))
        pages = archive.database.execute("PRAGMA page_count").fetchone()[0]

        def room(count):
            return lambda database: database.execute(f"PRAGMA max_page_count = {count}")

        archive.do(room(pages))
        for run in feed(ANN, 400):
            archive.took(ANN.public, run)
        with pytest.raises(LocalError, match="full"):
            archive.flush()
        assert "full" in archive.trouble
        archive.do(room(1 << 20))
        while archive.trouble:
            archive._writer.do(lambda _: None)
        archive.flush()
        assert ["full" in one for one in told] == [True, False]
    assert held(path, ANN.public) == [(1, 400)]
    assert faults(path) == []


def test_more_than_can_wait_is_let_go_and_missing_again(path, monkeypatch):
    monkeypatch.setattr("mesh.hub.store.archive.WAITING", 10)
    full = sqlite3.OperationalError("full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    monkeypatch.setattr(Work, "_write", lambda self, batch: full)
    runs = feed(ANN, 40)
    with Archive(path) as archive:
        for run in runs:
            archive.took(ANN.public, run)
        assert archive._writer.waiting <= 15
        monkeypatch.undo()
        with pytest.raises(LocalError, match="more came than can be stored"):
            archive.flush()  # so that nobody is told that all of it is kept
        take(archive, runs[-1:])
        assert archive.missing(ANN.public) == [(16, 35)]
        take(archive, runs)
        assert archive.missing(ANN.public) == []
    assert held(path, ANN.public) == [(1, 40)]
