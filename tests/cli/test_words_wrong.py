"""Names that nobody has, files that are not there, words that mean nothing: wrong usage, said in
one line with what to do, before anything is done. And a store that is damaged.
"""

import json
import sqlite3
from contextlib import closing

import pytest
from stored import feed, identity, take

from mesh.cli import app as cli
from mesh.core import peer_id as ids
from mesh.hub.failure import FAILED, NOBODY, SETUP, USAGE
from mesh.hub.home import naming
from mesh.hub.home.home import Home
from mesh.hub.home.naming import Known
from mesh.hub.store import schema
from mesh.hub.store.archive import Archive

WRONG = [
    (["docs", "frist-board"], "there is no page 'frist-board'", "did you mean first-board?"),
    (["docs", "../README"], "there is no page", "there are readme"),
    (["hardware", "show", "pico_x"], "there is no board, sensor", "did you mean pico_w?"),
    (["hardware", "check", "no.json"], "there is no file no.json", ""),
    (["hardware", "check", "."], ". is a folder, not a file", "name a file"),
    (["hardware", "check", "-b", "pico_x", "greenhouse"], "there is no board", "pico_w"),
    (["hardware", "wiring", "greenhouse", "-o", "no/x.svg"], "there is no folder no", ""),
    (["hardware", "wiring", "greenhouse", "-o", "."], ". is a folder", "name a file in it"),
    (["hardware"], "no command was named", "`mesh hardware --help`"),
    (["firmware", "build", "-b", "pico_x"], "there is no board", "did you mean pico_w?"),
    (["firmware", "check", "no"], "there is no folder no", "`mesh firmware build` makes one"),
    (["update", "x", "--firmware", "no"], "there is no folder no", "`mesh firmware build`"),
    (["id", "renw"], "'renw' is not one of show, renew; did you mean renew?", "mesh id --help"),
    (["import", "no.runs"], "no.runs cannot be read", ""),
    (["import", "."], ". is no file", "- for what comes by a pipe"),
    (["export", "x", "-o", ""], "is a folder, not a file", "name a file in it"),
    (["export", "x", "-o", "no/x.csv"], "there is no folder no", "is the path right?"),
    (["export", "--runs", "-o", "no/x.runs"], "there is no folder no", "is the path right?"),
    (["history", "x", "-o", "no/x.svg"], "there is no folder no", "is the path right?"),
    (["board", "virtual", "v", "--heap", "12x"], "'12x' is no size", "such as 192k"),
    (["board", "virtual", "v", "--heap", "1"], "no board runs in 1 of memory", "at least 64k"),
    (["board", "virtual", "v", "--flash", "999999999m"], "is no size", "such as 192k"),
    (["board", "backup", ".", "no/x.copy"], "there is no folder no", ""),
]
DAMAGED = [
    ["log", "ann"],
    ["log", "ann", "--kinds", "reading", "--last", "3"],
    ["history", "ann/temperature"],
    ["export", "ann", "-o", "x.csv"],
    ["export", "--runs", "-o", "x.runs"],
    ["store"],
    ["verify", "ann"],
    ["verify"],
    ["verify", "--repair"],
]


@pytest.mark.parametrize(("words", "what", "help"), WRONG, ids=[" ".join(w) for w, _, _ in WRONG])
def test_what_was_typed_wrongly_is_wrong_usage(capsys, tmp_path, monkeypatch, words, what, help):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MESH_PASSPHRASE", "correct horse battery")
    assert cli.run(words) == USAGE
    said = " ".join(capsys.readouterr().err.split())
    assert what in said
    assert help in said
    assert "Value error" not in said
    assert not list(tmp_path.iterdir()), "something was made all the same"


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    """A home whose store has rubbish in the middle, as a worn SD card leaves it."""
    ann = identity(1)
    with Home(tmp_path / "home") as home:
        naming.remember(home.path / naming.CACHE, [Known(ids.to_text(ann.public), "ann")])
    path = home.path / schema.NAME
    with Archive(path) as archive:
        take(archive, feed(ann, 300))
    with closing(sqlite3.connect(path)) as database:
        (size,) = database.execute("PRAGMA page_size").fetchone()
        found = database.execute("SELECT rootpage FROM sqlite_schema WHERE type = 'table'")
        pages = [page for (page,) in found]
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * size)
            file.write(b"\xa5" * size)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESH_HOME", str(home.path))


@pytest.mark.parametrize("words", DAMAGED, ids=" ".join)
def test_a_damaged_store_is_told_by_each_command_that_reads_it(damaged, capsys, words):
    assert cli.run(words) == SETUP
    said = capsys.readouterr().err
    assert "store.db is damaged" in said
    assert "restore a copy" in said


def test_a_store_that_is_too_damaged_to_be_copied_is_told(damaged, tmp_path, capsys):
    assert cli.run(["store", "backup", "copy.db"]) == SETUP
    assert "store.db is damaged" in capsys.readouterr().err
    assert not (tmp_path / "copy.db").exists()


def test_a_backup_tells_whether_what_it_copied_is_damaged(damaged, tmp_path, capsys):
    """It is made all the same: it may be all that is left."""
    path = tmp_path / "home" / schema.NAME
    path.unlink()
    with Archive(path) as archive:
        take(archive, feed(identity(1), 300))
    assert cli.run(["store", "backup", "copy.db", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["damage"] == ""
    with closing(sqlite3.connect(path)) as database:
        (size,) = database.execute("PRAGMA page_size").fetchone()
        (page,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'run'")
    with path.open("r+b") as file:
        file.seek((page[0] - 1) * size)
        file.write(b"\xa5" * size)
    assert cli.run(["store", "backup", "second.db"]) == FAILED
    assert "and so is its copy" in capsys.readouterr().err
    assert (tmp_path / "second.db").exists()


def test_who_one_is_can_be_told_though_the_store_is_damaged(damaged, capsys):
    assert cli.run(["id"]) == 0


@pytest.mark.parametrize("words", [["name", "self", "hall"], ["forget", "self"]])
def test_a_home_without_an_identity_has_nobody_to_name(tmp_path, capsys, words):
    assert cli.run([*words, "--home", str(tmp_path / "none")]) in {SETUP, NOBODY}
    assert "there is no identity in" in capsys.readouterr().err


def test_a_home_that_is_a_file_is_told_as_that(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert cli.run(["id", "--home", str(tmp_path / "file")]) == SETUP
    said = capsys.readouterr().err
    assert f"{tmp_path / 'file'} is a file, not a folder" in " ".join(said.split())
    assert "--home FOLDER" in said
