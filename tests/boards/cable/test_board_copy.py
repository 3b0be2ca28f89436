"""`mesh board settings`, `backup`, `restore` and `erase`."""

import json

import pytest
from attic import WIFI, run

from mesh.boards.cable import backup, board_feed, board_files, board_keys
from mesh.boards.cable.backup import Copy
from mesh.boards.cable.cable import Cable
from mesh.boards.virtual import process
from mesh.boards.virtual.virtual_board import Virtual
from mesh.cli import app as cli
from mesh.core.peer_id import from_text
from mesh.core.relations import key
from mesh.hub.failure import FAILED, SETUP, USAGE, Failure
from mesh.hub.home.home import Home

PHRASE = "correct horse battery"
CHEAP = 4  # Scrypt's cost: its strength is not tried here


@pytest.fixture(autouse=True)
def cheap(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("MESH_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setattr(backup.seal, "__defaults__", (CHEAP,))
    monkeypatch.setenv("MESH_PASSPHRASE", PHRASE)


def secrets_of(board):
    return {name: (board.folder / name).read_bytes() for name in ("identity", "counter")}


def numbers(counter):
    return int.from_bytes(counter[:4], "big"), int.from_bytes(counter[4:12], "big")


def test_settings_are_shown_without_passwords_and_changed(attic, capsys, tmp_path_factory):
    where = tmp_path_factory.mktemp("desk")
    shown = run(capsys, "board", "settings", attic.port)
    assert shown["changed"] is False
    assert shown["settings"]["wifi"] == [{"ssid": "house", "password": board_files.HIDDEN}]
    changes = ["name=hall", "sensors.room.kind=heap", "sensors.room.every_s=5", "console="]
    assert run(capsys, "board", "settings", attic.port, *changes)["changed"] is True
    there = json.loads((attic.folder / "settings.json").read_text())
    assert there["name"] == "hall"
    assert there["sensors"] == {"room": {"kind": "heap", "every_s": 5}}
    assert there["wifi"] == WIFI
    assert "console" not in there
    file = where / "hall.json"
    run(capsys, "board", "settings", attic.port, "--get", file)
    assert file.stat().st_mode & 0o077 == 0
    assert "correct" not in file.read_text()
    file.write_text(file.read_text().replace("hall", "loft"))
    run(capsys, "board", "settings", attic.port, "--set", file)
    there = json.loads((attic.folder / "settings.json").read_text())
    assert (there["name"], there["wifi"]) == ("loft", WIFI)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nam=x"], 'did you mean "name"?'),
        (["name.x=1"], "name: {'x': 1} is not a text"),
        (["=1"], "KEY=VALUE"),
        (["sensors.x.every_s=soon"], "every_s"),
        (["board=pico_w", 'sensors.bed={"kind": "ds18b20", "pin": 99}'], "sensors.bed.pin"),
        (['wifi=[{"ssid": "b", "password": "********"}]'], "knows none for 'b'"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_written(attic, capsys, words, said):
    before = (attic.folder / "settings.json").read_bytes()
    assert cli.run(["board", "settings", attic.port, *words]) in {FAILED, SETUP, USAGE}
    assert said in capsys.readouterr().err
    assert (attic.folder / "settings.json").read_bytes() == before


def test_asterisks_stand_for_a_password_that_is_known():
    own = {"wifi": WIFI}
    assert board_files.with_passwords(board_files.hidden(own), own) == own
    with pytest.raises(Failure, match="knows none for 'other'"):
        board_files.with_passwords(
            {"wifi": [{"ssid": "other", "password": board_files.HIDDEN}]}, own
        )


def test_a_copy_comes_back_on_another_board_with_counters_ahead(attic, capsys, tmp_path_factory):
    file = tmp_path_factory.mktemp("desk") / "attic.copy"
    made = run(capsys, "board", "backup", attic.port, file)
    peer = attic.log.wait("joined")["id"]
    assert made["peer"] == peer
    assert made["next_key"] == str(board_keys.place(Home(), peer))
    tail = board_feed.newest(from_text(peer), backup_of(file).files)
    assert [kind for _, _, kind, _ in tail.said][-1] == key.NAME, "it commits to its next key"
    secret = secrets_of(attic)
    data = file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    assert not any(part in data for part in (secret["identity"][:32], b"correct horse", b"attic"))
    assert "there already" in run(capsys, "board", "backup", attic.port, file, code=USAGE)

    other = Virtual(tmp_path_factory.mktemp("other"))
    with other:
        error = run(capsys, "board", "restore", other.port, file, code=USAGE)
        assert "another board" in error
        assert not (other.folder / "identity").exists()
        assert run(capsys, "board", "restore", other.port, file, "--yes")["moved"] is True
        restored = secrets_of(other)
        assert restored["identity"] == secret["identity"]
        boots, limit = numbers(restored["counter"])
        copied_boots, copied_limit = numbers(backup_of(file).files["counter"])
        assert boots == copied_boots + board_files.BOOTS_AHEAD
        assert limit == copied_limit + board_files.COUNTER_AHEAD
        assert not (other.folder / "feed.a").exists()
        again = run(capsys, "board", "restore", other.port, file, "--yes")
        assert again["moved"] is False  # it is that peer: its own counter knows more
        assert secrets_of(other) == restored


def backup_of(file):
    return backup.unseal(file.read_bytes(), PHRASE, "it")


def test_a_restored_board_starts_as_the_same_peer_far_ahead(attic, capsys, tmp_path_factory):
    file = tmp_path_factory.mktemp("desk") / "attic.copy"
    run(capsys, "board", "backup", attic.port, file)
    peer = attic.log.wait("joined")["id"]
    attic.kill()
    for name in ("identity", "counter", "feed.a"):
        (attic.folder / name).unlink()
    (attic.folder / "main.py").rename(attic.folder / "later.py")  # or it makes a new identity
    with attic:
        run(capsys, "board", "restore", attic.port, file)
    (attic.folder / "later.py").rename(attic.folder / "main.py")
    attic.log.lines.clear()
    joined = attic.start().log.wait("joined")
    assert joined["id"] == peer
    assert joined["boots"] > board_files.BOOTS_AHEAD


@pytest.mark.parametrize("change", ["cut", "bit", "head", "other"])
def test_a_copy_that_was_changed_is_refused(change):
    kept = Copy({"identity": b"secret"}, "", "", "", "")
    data = bytearray(backup.seal(kept, PHRASE, CHEAP))
    assert backup.unseal(bytes(data), PHRASE, "it") == kept
    if change == "cut":
        del data[-20:]
    elif change == "bit":
        data[-1] ^= 1
    elif change == "head":
        data[len(backup.MAGIC)] = 200
    else:
        data[:5] = b"nopes"
    with pytest.raises(board_files.LocalError, match=r"damaged|no copy"):
        backup.unseal(bytes(data), PHRASE, "it")
    for length in range(backup.HEAD + 1):
        with pytest.raises(board_files.LocalError):
            backup.unseal(bytes(data[:length]), PHRASE, "it")


def test_a_wrong_passphrase_is_told_apart():
    data = backup.seal(Copy({}, "", "", "", ""), PHRASE, CHEAP)
    with pytest.raises(board_files.LocalError, match="passphrase does not open"):
        backup.unseal(data, PHRASE + "x", "it")
    with pytest.raises(board_files.LocalError, match="fewer than"):
        backup.seal(Copy({}, "", "", "", ""), "short", CHEAP)


def test_a_copy_without_a_counter_or_with_a_damaged_one_is_refused(attic):
    with Cable(attic.port) as cable:
        kept = board_files.copy(cable)
        before = secrets_of(attic)
        for wrong in ({"identity": b"x" * 40}, {"counter": b""}):
            with pytest.raises(board_files.LocalError, match="damaged or missing"):
                board_files.restore(cable, kept._replace(files=kept.files | wrong))
        assert secrets_of(attic) == before


def test_a_board_without_identity_has_nothing_to_copy(tmp_path, capsys):
    with Virtual(tmp_path / "blank") as blank:
        error = run(capsys, "board", "backup", blank.port, tmp_path / "copy", code=FAILED)
    assert "no identity yet" in error
    assert not (tmp_path / "copy").exists()


def test_the_passphrase_comes_from_a_file_or_is_asked_for(tmp_path, monkeypatch, capsys):
    from mesh.cli.board_options import passphrase  # noqa: PLC0415

    (tmp_path / "phrase").write_text("from a file\nand more\n")
    assert passphrase(tmp_path / "phrase", new=True) == "from a file"
    assert passphrase(None, new=True) == PHRASE
    monkeypatch.delenv("MESH_PASSPHRASE")
    with pytest.raises(Failure, match="no terminal to ask"):
        passphrase(None, new=False)


def test_erase_keeps_the_identity_and_files_of_others(tmp_path, capsys):
    with Virtual(tmp_path) as board:
        for name in ("main.py", "mesh/core/x.mpy", "mesh/mine.txt", "settings.json", "identity"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(process.BOOT)
        (tmp_path / "notes.txt").write_text("mine")
        error = run(capsys, "board", "erase", board.port, code=USAGE)
        assert "--yes" in error
        gone = run(capsys, "board", "erase", board.port, "--yes")["files"]
        assert sorted(gone) == ["main.py", "mesh/core/x.mpy", "mesh/mine.txt", "settings.json"]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["identity", "notes.txt"]
        (tmp_path / "main.py").write_text("print('mine')")
        assert run(capsys, "board", "erase", board.port, "--yes", "--identity")["files"] == [
            "identity"
        ]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["main.py", "notes.txt"]
