"""The cable to a board, with a real MicroPython at its other end, and what can go wrong on it."""

import errno
import hashlib
import os
import subprocess
import sys
import threading

import pytest

from mesh.boards.cable import ports
from mesh.boards.cable.cable import Cable
from mesh.boards.mishaps import Mishap
from mesh.boards.virtual.virtual_board import Virtual

LOOP = "print('main is here')\nwhile True:\n pass\n"
SLOW_BOOT = "import time\ntime.sleep_ms(300)\n"
HOLDS_ON = """
for n in range(4):
    try:
        while True:
            pass
    except KeyboardInterrupt:
        pass
"""
WATCHED = "import machine\nw = machine.WDT(timeout=300)\nwhile True:\n w.feed()\n"
HOLDER = """
import serial, sys
port = serial.Serial(sys.argv[1], exclusive=True)
print(1, flush=True)
input()
"""
CRASHING = "import machine\nmachine.reset()\n"


@pytest.fixture
def board(tmp_path):
    with Virtual(tmp_path / "board", flash="128k") as made:
        yield made


@pytest.fixture
def cable(board):
    with Cable(board.port) as made:
        yield made


def mishap(name):
    """The Mishap of that name; it says what is safe and what to do."""
    return pytest.raises(Mishap, check=lambda e: e.name == name and "next:" in (e.help or ""))


def test_code_runs_and_its_errors_are_told(cable):
    assert cable.exec("print('a')\nprint('b')") == "a\nb\n"
    assert cable.eval("[1, 'x', b'\\xff', None]") == [1, "x", b"\xff", None]
    with mishap("board-error") as caught:
        cable.exec("{}['key']", "looking for a key")
    assert "looking for a key" in caught.value.detail
    assert "KeyError" in caught.value.detail


def test_files_are_put_whole_and_read_back(cable):
    data = os.urandom(3000) + bytes(range(256))
    seen = []
    cable.put("deep/er/file", data, lambda *told: seen.append(told))
    assert seen[-1] == ("deep/er/file", len(data), len(data))
    assert cable.get("deep/er/file") == data
    assert cable.get("nothing") is None
    assert cable.files() == {"/deep/er/file": len(data)}
    assert cable.files("/deep", skip=("/deep/er",)) == {}
    assert cable.hashes(["deep/er/file", "no"]) == {"deep/er/file": hashlib.sha256(data).digest()}
    cable.rename("deep/er/file", "file")
    assert cable.remove("deep/er")
    assert not cable.remove("deep/er")
    with mishap("board-error"):
        cable.rename("no", "where")


def test_what_is_there_already_is_not_written_again(cable):
    files = {"a": b"1" * 700, "b": b"2" * 700}
    assert cable.put_all(files) == ["a", "b"]
    assert cable.put_all(files | {"b": b"3" * 700}) == ["b"]
    assert cable.get("b") == b"3" * 700


def test_a_full_flash_is_told_and_nothing_half_is_left(cable):
    cable.put("there", b"old")
    free, block = cable.free()
    assert (free % block, free < 128 * 1024) == (0, True)
    with mishap("flash-full"):
        cable.put("there", os.urandom(free))
    with mishap("flash-full"):
        cable.exec(f"f = open('x', 'wb')\nfor n in range({free}): f.write(bytes(512))")
    cable.exec("f.close()\nimport os\nos.remove('x')")
    assert cable.files() == {"/there": 3}
    assert cable.get("there") == b"old"


def test_a_file_that_arrives_damaged_is_not_put_in_place(cable, monkeypatch):
    cable.put("there", b"old")
    monkeypatch.setattr(cable, "hashes", lambda paths: dict.fromkeys(paths, b"wrong"))
    with mishap("hash-wrong"):
        cable.put("there", b"new")
    monkeypatch.undo()
    assert cable.files() == {"/there": 3}
    assert cable.get("there") == b"old"


@pytest.mark.parametrize(
    "program",
    [LOOP, HOLDS_ON, WATCHED, "1/0", "import sys\nsys.exit()", "x = '\\x04>OK'\nprint(x)"],
)
def test_the_prompt_is_found_whatever_the_program_does(tmp_path, program):
    (tmp_path / "boot.py").write_text("print('boot')")
    (tmp_path / "main.py").write_text(program)
    with Virtual(tmp_path) as board, Cable(board.port) as cable:
        assert cable.eval("6 * 7") == 42


def test_the_prompt_is_found_while_the_board_starts(tmp_path):
    (tmp_path / "main.py").write_text(LOOP)
    with Virtual(tmp_path) as board:
        for _ in range(4):
            board.press_reset()
            with Cable(board.port) as cable:
                assert cable.eval("6 * 7") == 42


def test_a_board_that_never_gives_its_prompt_is_told(tmp_path):
    (tmp_path / "boot.py").write_text(CRASHING)
    with Virtual(tmp_path) as board, mishap("no-prompt"), Cable(board.port, tries=1):
        pass


def test_its_program_starts_anew(tmp_path):
    (tmp_path / "main.py").write_text(LOOP)
    with Virtual(tmp_path) as board:
        with Cable(board.port) as cable:
            cable.exec("left = 1")
            cable.run_main()
            assert "main is here" in list(cable.lines(0.5))
        with Cable(board.port) as cable:
            assert not cable.eval("'left' in globals()")
            board.log.lines.clear()
            cable.restart()
        board.log.wait_line(lambda line: line == "main is here")


def test_without_a_reset_what_the_program_left_is_there(tmp_path):
    with Virtual(tmp_path) as board:
        (tmp_path / "main.py").write_text("left = 7\nprint('main is here')\nwhile True:\n pass\n")
        board.press_reset()
        board.log.wait_line(lambda line: line == "main is here")
        with Cable(board.port, reset=False) as cable:
            assert cable.eval("left") == 7


def test_a_port_that_is_not_there_or_none(tmp_path):
    with mishap("no-such-port"), Cable(str(tmp_path / "no")):
        pass
    (tmp_path / "file").write_text("")
    with mishap("no-such-port"), Cable(str(tmp_path / "file")):
        pass


def test_a_port_in_use_is_told_with_its_holder(board):
    command = [sys.executable, "-c", HOLDER, board.port]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"1\n"
        with mishap("port-busy") as caught, Cable(board.port):
            pass
        assert f"process {other.pid}" in caught.value.detail
        other.communicate(b"\n")
    with Cable(board.port) as cable:
        with mishap("port-busy"), Cable(board.port):
            pass
        assert cable.eval("1") == 1


def test_a_port_without_permission_is_told(tmp_path, monkeypatch):
    (tmp_path / "port").write_text("")  # no terminal: it cannot be opened as one

    def refused(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    with mishap("no-permission") as caught, Cable(str(tmp_path / "port")):
        pass
    assert "dialout" in caught.value.help


def test_a_pulled_cable_is_told_and_the_next_one_goes_on(board):
    data = os.urandom(60_000)
    with Cable(board.port) as cable:
        cable.put("first", b"1")
        pulled = threading.Event()

        def pull(path, done, whole):
            if done > whole // 2 and not pulled.is_set():
                pulled.set()
                board.unplug()

        with mishap("cable-pulled"):
            cable.put("second", data, pull)
        with mishap("cable-pulled"):
            cable.free()
    board.replug()
    with Cable(board.port) as cable:
        assert cable.put_all({"first": b"1", "second": data}) == ["second"]
        assert sorted(cable.files()) == ["/first", "/second"]


def test_power_that_goes_amid_a_file_leaves_the_old_one(tmp_path):
    with Virtual(tmp_path, flash="128k") as board, Cable(board.port) as cable:
        cable.put("file", b"old")
    for number in (2, 9, 16):
        dying = Virtual(tmp_path, flash="128k", cut_at=number)
        with dying as board, mishap("cable-pulled"), Cable(board.port) as cable:
            cable.put("file", os.urandom(9000))
        with Virtual(tmp_path, flash="128k") as board, Cable(board.port) as cable:
            assert cable.get("file") == b"old"


def test_the_holder_of_a_port_is_a_process(tmp_path):
    file = tmp_path / "held"
    with file.open("w"):
        assert ports.holder(str(file)) == ""
        assert f"process {os.getpid()}" in ports.holder(str(file), own=True)
    assert ports.holder(str(file), own=True) == ""
