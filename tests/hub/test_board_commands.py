"""`mesh board ...` on a virtual board: listed, listened to, set, copied, brought back, erased."""

import asyncio
import json
import os
import shutil
import signal
from types import SimpleNamespace

import pytest
from commands import MESH, call, items
from commands import mesh as command

from mesh.core import ids
from mesh.hub import backup, board_files, boards, cli, monitor, usb
from mesh.hub.backup import Copy
from mesh.hub.cable import Cable
from mesh.hub.failure import FAILED, NOBODY, OK, SETUP, USAGE, Failure
from mesh.hub.mishaps import Mishap
from mesh.hub.virtual import Virtual
from mesh.hub.writers import Drive

QUIET = {"port": 0, "console": "json", "discovery": {"interface": "127.0.0.1", "layers": []}}
WIFI = [{"ssid": "house", "password": "correct horse"}]
PHRASE = "correct horse battery"
CHEAP = 4  # Scrypt's cost: its strength is not tried here


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return boards.build(tmp_path_factory.mktemp("built"), QUIET | {"name": "attic", "wifi": WIFI})


@pytest.fixture
def board(built, tmp_path):
    shutil.copytree(built, tmp_path, copy_function=os.link, dirs_exist_ok=True)
    (tmp_path / "settings.json").unlink()
    boards.configure(tmp_path, QUIET | {"name": "attic", "wifi": WIFI})
    with Virtual(tmp_path) as made:
        made.log.wait("joined")
        yield made


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    monkeypatch.setattr(backup.seal, "__defaults__", (CHEAP,))
    monkeypatch.setenv("MESH_PASSPHRASE", PHRASE)


def run(capsys, *arguments, code=OK):
    """A command in this process: what it said as data, or its error."""
    assert cli.run([str(word) for word in (*arguments, "--json")]) == code
    told = capsys.readouterr()
    return json.loads(told.out) if code == OK else told.err


def secrets_of(board):
    return {name: (board.folder / name).read_bytes() for name in ("identity", "counter")}


def numbers(counter):
    return int.from_bytes(counter[:4], "big"), int.from_bytes(counter[4:12], "big")


# list


def port(device, vid, pid, product=None, serial=None):
    return SimpleNamespace(device=device, vid=vid, pid=pid, product=product, serial_number=serial)


PORTS = [
    port("/dev/ttyS0", None, None),
    port("/dev/ttyACM9", 0x1234, 0x5678, "Printer"),
    port("/dev/ttyACM0", 0x2E8A, 0x0005, "Board in FS mode", "e660"),
    port("/dev/ttyUSB0", 0x10C4, 0xEA60, "CP2102"),
]


def test_what_is_on_usb_is_told_by_its_ids(tmp_path):
    drive = Drive(tmp_path, "RPI-RP2", tmp_path)
    found = usb.find(lambda: PORTS, lambda: [drive])
    assert {one.port: one.state for one in found} == {
        "/dev/ttyACM0": usb.READY,
        "/dev/ttyUSB0": usb.SERIAL,
        str(tmp_path): usb.LOADER,
        "/dev/ttyACM9": usb.UNKNOWN,
    }
    by_port = {one.port: one for one in found}
    assert by_port[str(tmp_path)].boards == ("pico_w",)
    assert "pico_w" in by_port["/dev/ttyACM0"].boards
    assert "esp32" in by_port["/dev/ttyUSB0"].boards
    assert by_port["/dev/ttyACM9"].boards == ()
    assert found[-1].port == "/dev/ttyACM9"  # what is not known comes last


def test_the_only_board_needs_no_name():
    def there(*wanted):
        return lambda: usb.find(lambda: wanted, list)

    assert usb.choose(None, there(*PORTS[:3])) == "/dev/ttyACM0"
    assert usb.choose("COM7", there()) == "COM7"
    with pytest.raises(Mishap, check=lambda e: e.name == "no-board"):
        usb.choose(None, there(*PORTS[:2]))
    with pytest.raises(Failure, match=r"ttyACM0.*ttyUSB0"):
        usb.choose(None, there(*PORTS))


def test_list_asks_only_when_told_to(board, capsys, monkeypatch):
    found = usb.Found(board.port, usb.READY, ("unix",), "0000:0001", "virtual")
    monkeypatch.setattr(usb, "find", lambda: [found])
    pid = board.pid
    [row] = run(capsys, "board", "list")
    assert (row["port"], row["boards"], "about" in row) == (board.port, ["unix"], False)
    assert board.pid == pid
    [row] = run(capsys, "board", "list", "--ask")
    assert row["about"]["name"] == "attic"
    assert row["about"]["peer"] == board.log.wait("joined")["id"]
    assert cli.run(["board", "list", "--ask"]) == OK
    assert "attic" in capsys.readouterr().out
    board.kill()
    [row] = run(capsys, "board", "list", "--ask")
    assert row["error"]


def test_list_says_when_there_is_nothing(capsys, monkeypatch):
    monkeypatch.setattr(usb, "find", list)
    assert cli.run(["board", "list"]) == OK
    assert "BOOTSEL" in capsys.readouterr().out
    assert "no board was found" in run(capsys, "board", "erase", "--yes", code=NOBODY)


# monitor


def test_monitor_shows_lines_and_waits_for_a_board_that_went(tmp_path):
    (tmp_path / "main.py").write_text(
        "import time\nn = 0\nwhile True:\n print('tick', n)\n n += 1\n time.sleep_ms(20)\n"
    )

    async def scenario(board):
        seen = []
        async for item in monitor.listen(board.port, 30):
            seen.append(item)
            if item == {"port": "lost"}:
                board.replug()
            if len(seen) == 5:
                await asyncio.to_thread(board.unplug)
            if {"port": "back"} in seen and "line" in item:
                break
        return seen

    with Virtual(tmp_path) as board:
        pid = board.pid
        seen = asyncio.run(scenario(board))
        assert seen[0]["line"].startswith("tick")
        assert board.pid == pid  # it was not started anew
        with Cable(board.port, reset=False) as cable:
            assert cable.eval("n") > 5


def test_ctrl_c_ends_monitor_and_not_the_program(tmp_path):
    (tmp_path / "main.py").write_text(
        "import time\nwhile True:\n print('tick')\n time.sleep(0.02)"
    )

    async def scenario():
        listening = await asyncio.create_subprocess_exec(
            *MESH, "board", "monitor", board.port, stdout=asyncio.subprocess.PIPE
        )
        assert b"tick" in await listening.stdout.readline()
        listening.send_signal(signal.SIGINT)
        await listening.communicate()
        assert listening.returncode == OK
        count = len(board.log.lines)
        await asyncio.to_thread(board.log.wait_line, lambda _: len(board.log.lines) > count + 3)

    with Virtual(tmp_path) as board:
        pid = board.pid
        asyncio.run(scenario())
        assert board.pid == pid
        assert "Interrupt" not in board.log.console


# settings


def test_settings_are_shown_without_passwords_and_changed(board, capsys, tmp_path_factory):
    where = tmp_path_factory.mktemp("desk")
    shown = run(capsys, "board", "settings", board.port)
    assert shown["changed"] is False
    assert shown["settings"]["wifi"] == [{"ssid": "house", "password": board_files.HIDDEN}]
    changes = ["name=hall", "sensors.room.kind=heap", "sensors.room.every_s=5", "console="]
    assert run(capsys, "board", "settings", board.port, *changes)["changed"] is True
    there = json.loads((board.folder / "settings.json").read_text())
    assert there["name"] == "hall"
    assert there["sensors"] == {"room": {"kind": "heap", "every_s": 5}}
    assert there["wifi"] == WIFI
    assert "console" not in there
    file = where / "hall.json"
    run(capsys, "board", "settings", board.port, "--get", file)
    assert file.stat().st_mode & 0o077 == 0
    assert "correct" not in file.read_text()
    file.write_text(file.read_text().replace("hall", "loft"))
    run(capsys, "board", "settings", board.port, "--set", file)
    there = json.loads((board.folder / "settings.json").read_text())
    assert (there["name"], there["wifi"]) == ("loft", WIFI)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nam=x"], 'did you mean "name"?'),
        (["name.x=1"], "no table"),
        (["=1"], "KEY=VALUE"),
        (["sensors.x.every_s=soon"], "every_s"),
        (['wifi=[{"ssid": "b", "password": "********"}]'], "knows none for 'b'"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_written(board, capsys, words, said):
    before = (board.folder / "settings.json").read_bytes()
    assert cli.run(["board", "settings", board.port, *words]) in {FAILED, SETUP, USAGE}
    assert said in capsys.readouterr().err
    assert (board.folder / "settings.json").read_bytes() == before


def test_asterisks_stand_for_a_password_that_is_known():
    own = {"wifi": WIFI}
    assert board_files.with_passwords(board_files.hidden(own), own) == own
    with pytest.raises(Failure, match="knows none for 'other'"):
        board_files.with_passwords(
            {"wifi": [{"ssid": "other", "password": board_files.HIDDEN}]}, own
        )


# a copy


def test_a_copy_comes_back_on_another_board_with_counters_ahead(board, capsys, tmp_path_factory):
    file = tmp_path_factory.mktemp("desk") / "attic.copy"
    made = run(capsys, "board", "backup", board.port, file)
    peer = board.log.wait("joined")["id"]
    assert made["peer"] == peer
    secret = secrets_of(board)
    data = file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    assert not any(part in data for part in (secret["identity"][:32], b"correct horse", b"attic"))
    assert "there already" in run(capsys, "board", "backup", board.port, file, code=USAGE)

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


def test_a_restored_board_starts_as_the_same_peer_far_ahead(board, capsys, tmp_path_factory):
    file = tmp_path_factory.mktemp("desk") / "attic.copy"
    run(capsys, "board", "backup", board.port, file)
    peer = board.log.wait("joined")["id"]
    board.kill()
    for name in ("identity", "counter", "feed.a"):
        (board.folder / name).unlink()
    (board.folder / "main.py").rename(board.folder / "later.py")  # or it makes a new identity
    with board:
        run(capsys, "board", "restore", board.port, file)
    (board.folder / "later.py").rename(board.folder / "main.py")
    board.log.lines.clear()
    joined = board.start().log.wait("joined")
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


def test_a_copy_without_a_counter_or_with_a_damaged_one_is_refused(board):
    with Cable(board.port) as cable:
        kept = board_files.copy(cable)
        before = secrets_of(board)
        for wrong in ({"identity": b"x" * 40}, {"counter": b""}):
            with pytest.raises(board_files.LocalError, match="damaged or missing"):
                board_files.restore(cable, kept._replace(files=kept.files | wrong))
        assert secrets_of(board) == before


def test_a_board_without_identity_has_nothing_to_copy(tmp_path, capsys):
    with Virtual(tmp_path / "blank") as blank:
        error = run(capsys, "board", "backup", blank.port, tmp_path / "copy", code=FAILED)
    assert "no identity yet" in error
    assert not (tmp_path / "copy").exists()


def test_the_passphrase_comes_from_a_file_or_is_asked_for(tmp_path, monkeypatch, capsys):
    from mesh.hub.cli.board_options import passphrase  # noqa: PLC0415

    (tmp_path / "phrase").write_text("from a file\nand more\n")
    assert passphrase(tmp_path / "phrase", new=True) == "from a file"
    assert passphrase(None, new=True) == PHRASE
    monkeypatch.delenv("MESH_PASSPHRASE")
    with pytest.raises(Failure, match="nobody is there"):
        passphrase(None, new=False)


# erase


def test_erase_keeps_the_identity_and_files_of_others(tmp_path, capsys):
    with Virtual(tmp_path) as board:
        for name in ("main.py", "mesh/core/x.mpy", "mesh/mine.txt", "settings.json", "identity"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(boards.BOOT)
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


# virtual


def test_virtual_prints_its_port_then_its_console_and_ends(tmp_path):
    folder = tmp_path / "attic"
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps(QUIET))

    async def scenario():
        board = await asyncio.create_subprocess_exec(
            *MESH, "board", "virtual", folder, "--json", "--home", tmp_path / "home",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        port = json.loads(await board.stdout.readline())["port"]
        joined = {}
        while joined.get("event") != "joined":
            joined = json.loads(json.loads(await board.stdout.readline())["line"])
        code, out, _ = await command("board", "settings", port, "name=loft", "--json")
        assert (code, json.loads(out)["changed"]) == (OK, True)
        board.send_signal(signal.SIGINT)
        _, error = await board.communicate()
        assert (board.returncode, b"switched off" in error) == (OK, True)
        return joined

    assert ids.from_text(asyncio.run(scenario())["id"])
    assert json.loads((folder / "settings.json").read_text())["name"] == "loft"


def files_on(port):
    with Cable(port) as cable:
        return cable.files()


def test_a_blank_one_has_nothing_on_it(tmp_path):
    async def scenario():
        items_of = call("board", "virtual", str(tmp_path), "--blank", "--flash", "64k").items
        first = await anext(items_of)
        assert await asyncio.to_thread(files_on, first["port"]) == {}
        await items_of.aclose()

    asyncio.run(scenario())
    assert [path.name for path in tmp_path.iterdir()] == ["flash.img"]


def test_a_size_that_is_none_is_refused(tmp_path):
    with pytest.raises(board_files.LocalError, match="is no size"):
        asyncio.run(items(call("board", "virtual", str(tmp_path), "--heap", "much")))
