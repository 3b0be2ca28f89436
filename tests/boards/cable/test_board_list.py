"""`mesh board list`, `monitor` and `virtual`."""

import asyncio
import json
import signal
from types import SimpleNamespace

import pytest
from attic import QUIET, run
from commands import MESH, call, items
from commands import mesh as command

from mesh.boards.cable import monitor, usb
from mesh.boards.cable.cable import Cable
from mesh.boards.cable.writers import Drive
from mesh.boards.mishaps import Mishap
from mesh.boards.virtual.virtual_board import Virtual
from mesh.cli import app as cli
from mesh.core import peer_id
from mesh.hub.failure import NOBODY, OK, Failure


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


def test_list_asks_only_when_told_to(attic, capsys, monkeypatch):
    found = usb.Found(attic.port, usb.READY, ("unix",), "0000:0001", "virtual")
    monkeypatch.setattr(usb, "find", lambda: [found])
    pid = attic.pid
    [row] = run(capsys, "board", "list")
    assert (row["port"], row["boards"], "about" in row) == (attic.port, ["unix"], False)
    assert attic.pid == pid
    [row] = run(capsys, "board", "list", "--ask")
    assert row["about"]["name"] == "attic"
    assert row["about"]["peer"] == attic.log.wait("joined")["id"]
    assert cli.run(["board", "list", "--ask"]) == OK
    assert "attic" in capsys.readouterr().out
    attic.kill()
    [row] = run(capsys, "board", "list", "--ask")
    assert row["error"]


def test_list_says_when_there_is_nothing(capsys, monkeypatch):
    monkeypatch.setattr(usb, "find", list)
    assert cli.run(["board", "list"]) == OK
    assert "BOOTSEL" in capsys.readouterr().out
    assert "no board was found" in run(capsys, "board", "erase", "--yes", code=NOBODY)


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

    assert peer_id.from_text(asyncio.run(scenario())["id"])
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
    with pytest.raises(Failure, match="is no size"):
        asyncio.run(items(call("board", "virtual", str(tmp_path), "--heap", "much")))
