"""Killed at any moment, nothing that was said to be kept is lost, and no seq is used twice."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from needs import ROOT
from stored import KIT, faults, feed, identity, take

from mesh.core.feed.chain import genesis, read_run
from mesh.core.feed.feeds import Feeds
from mesh.core.limits import Limits
from mesh.hub.failure import Failure
from mesh.hub.home.home import Home
from mesh.hub.store import upkeep
from mesh.hub.store.archive import Archive
from mesh.hub.store.copying import backup
from mesh.hub.store.own import OwnFeed
from mesh.hub.store.queries import Queries

KILLS = 8
CHILD = ROOT / "tests" / "hub" / "store_child.py"
LIMITS = Limits(tail=24)


def run_and_kill(folder, lines):
    """What it said until it was killed, after so many lines and somewhere in the next ones."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "hub")])
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(folder)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
    )
    said = [child.stdout.readline().decode() for _ in range(lines)]
    child.send_signal(signal.SIGKILL)
    said += child.communicate()[0].decode().splitlines(keepends=True)
    return [line.split(maxsplit=2) for line in said if line.endswith("\n")]


def test_killed_at_any_moment_it_goes_on_where_it_was(tmp_path):
    chance = random.Random(4)
    folder = tmp_path / "home"
    kept = flushed = 0
    for _ in range(KILLS):
        said = run_and_kill(folder, chance.randint(1, 30))
        assert said[0][0] == "start"
        assert int(said[0][1]) > kept
        assert said[0][2:] in ([], ["\n"])
        kept = max([kept, *(int(line[1]) for line in said if line[0] == "kept")])
        flushed = max([flushed, *(int(line[1]) for line in said if line[0] == "flushed")])
    assert kept > KILLS
    own = Home(folder).peer_id()
    with Queries(folder / "store.db") as store:
        ((first, last),) = store.spans(own)
        assert (first, last >= kept) == (1, True)
        ((first, last),) = store.spans(identity(7).public)
        assert (first, last >= flushed) == (1, True)
    with closing(sqlite3.connect(folder / "store.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert faults(folder / "store.db") == []


class Speaker:
    """An own feed in a store, without a peer around it."""

    def __init__(self, path, boots):
        who = identity(3)
        self.feeds = Feeds(KIT, who, LIMITS, boots)
        self.own = self.feeds.own
        self.archive = Archive(path).open()
        self.feed = OwnFeed(self.archive, who, LIMITS.tail)
        self.why = self.feed.restore(self.own, boots == 1, boots=boots)
        self.identity = who

    def say(self, count=1):
        for _ in range(count):
            at = self.own.next_seq
            self.own.append([0, 1, at, None], "reading", [{0: "x", 2: 1}])
        self.own.keep()
        return self.own.sign(self.identity)


def test_the_own_feed_begins_with_1_and_goes_on_without_a_gap(tmp_path):
    path = tmp_path / "store.db"
    for boots in (1, 2, 3):
        one = Speaker(path, boots)
        assert (one.why, one.own.next_seq) == ("", (boots - 1) * 20 + 1)
        one.say(20)
        assert one.own.unkept == 0
        one.archive.close()
    with Archive(path) as archive:
        run = read_run(KIT, archive.run(identity(3).public, 1, 900), LIMITS)
        assert (run.first, run.before) == (1, genesis(KIT, identity(3).public))
        assert archive.missing(identity(3).public) == []
    assert faults(path) == []


def test_what_cannot_be_kept_is_not_published(tmp_path):
    one = Speaker(tmp_path / "store.db", 1)
    one.say(3)
    pages = one.archive.database.execute("PRAGMA page_count").fetchone()[0]
    one.archive.do(lambda database: database.execute(f"PRAGMA max_page_count = {pages}"))
    head = one.own.head
    for _ in range(400):
        one.own.append([0, 1, 1, None], "note", "x" * 300)
    one.own.keep()
    assert one.own.sign(one.identity) in (None, head)
    assert "full" in one.own.trouble
    assert one.own.unkept == 400
    one.archive.do(lambda database: database.execute("PRAGMA max_page_count = 1000000"))
    one.own.keep()
    assert (one.own.trouble, one.own.unkept) == ("", 0)
    one.archive.close()
    assert faults(tmp_path / "store.db") == []


def test_a_disk_that_is_full_only_at_the_commit_takes_no_readings_away(tmp_path, monkeypatch):
    one = Speaker(tmp_path / "store.db", 1)
    one.say(3)
    transaction = upkeep.transaction

    def full(database, work, synced=False):
        def last(_):
            work(database)
            raise sqlite3.OperationalError("database or disk is full")

        transaction(database, last, synced)

    monkeypatch.setattr(upkeep, "transaction", full)
    one.say(2)
    assert one.own.unkept == 2
    monkeypatch.undo()
    one.say(1)
    one.archive.close()
    assert faults(tmp_path / "store.db") == []
    with closing(sqlite3.connect(tmp_path / "store.db")) as database:
        assert database.execute("SELECT count(DISTINCT seq) FROM reading").fetchone() == (6,)


def by_backup(path, copy):
    backup(path, copy)


def by_hand(path, copy):
    shutil.copy(path, copy)


@pytest.mark.parametrize("how", [by_backup, by_hand])
def test_a_copy_that_is_put_back_leads_to_no_second_signature(tmp_path, how):
    path, copy = tmp_path / "store.db", tmp_path / "copy.db"
    one = Speaker(path, 1)
    one.say(5)
    if how is by_backup:
        how(path, copy)  # while it is in use
        one.say(5)
        one.archive.close()
    else:
        one.archive.close()
        how(path, copy)
        one = Speaker(path, 2)
        one.say(5)
        one.archive.close()
    path.unlink()
    copy.rename(path)
    again = Speaker(path, 3)
    assert "store" in again.why
    begins = again.own.next_seq
    assert begins > 3 << 32
    again.say(5)
    again.archive.close()
    last = Speaker(path, 4)
    assert (last.why, last.own.next_seq) == ("", begins + 5)
    last.archive.close()


def test_without_its_store_it_goes_on_behind_a_gap(tmp_path):
    one = Speaker(tmp_path / "store.db", 5)
    assert "nothing" in one.why
    assert 5 << 32 < one.own.next_seq < 6 << 32
    one.archive.close()


def test_a_copy_is_one_file_and_never_takes_the_place_of_another(tmp_path):
    path, copy = tmp_path / "store.db", tmp_path / "copy.db"
    with Archive(path) as archive:
        take(archive, feed(identity(1), 200))
        assert backup(path, copy) == copy.stat().st_size
        with pytest.raises(Failure, match="already"):
            backup(path, copy)
    assert [file.name for file in tmp_path.iterdir() if "copy" in file.name] == ["copy.db"]
    assert copy.stat().st_mode & 0o077 == 0
    assert faults(copy) == []
    with Queries(copy) as store:
        assert [s.seq for s in store.entries(identity(1).public)][-1] == 200
        assert next(store.newest(identity(1).public)).body


def test_what_is_hidden_is_kept_and_given_to_nobody(tmp_path):
    path, who = tmp_path / "store.db", identity(3).public
    one = Speaker(path, 1)
    one.say(5)
    one.say(20)
    one.archive.hide(who, 6, 12)
    for _ in range(2):
        for first in (1, 6, 12):
            run = one.archive.run(who, first, 9000)
            assert (run[1], run[1] + len(run[3]) - 1) == (13, 25), first
        assert one.archive.run(who, 13, 9000)[1] == 13
        one.archive.close()
        one = Speaker(path, 2)
    one.archive.close()
    with Queries(path) as store:
        assert store.spans(who) == [(1, 25)]
    assert faults(path) == []
