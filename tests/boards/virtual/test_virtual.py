"""The virtual board, by what real boards are used with: the command mpremote."""

import hashlib
import json
import os
import select
import subprocess
import time

import needs
import pytest

from mesh.boards.virtual.interpreter import kib
from mesh.boards.virtual.virtual_board import FLASH_FILE, Virtual
from mesh.core.errors import LocalError

LIMIT_S = 30
TICKING = "import time\nprint('main is here')\nwhile True:\n time.sleep_ms(5)\n"
STUBBORN = """
for n in range(3):
    try:
        print('holds on', n)
        while True:
            pass
    except KeyboardInterrupt:
        pass
"""


@pytest.fixture
def mpremote():
    program = needs.program("mpremote")
    if program is None:
        needs.missing("no mpremote: `make test` installs it")

    def run(board, *arguments, fails=False):
        done = subprocess.run(
            [program, "connect", board.port, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert fails == (done.returncode != 0), done.stdout + done.stderr
        return done.stdout + done.stderr if fails else done.stdout

    return run


@pytest.fixture(params=["folder", "flash"])
def board(request, tmp_path):
    with Virtual(tmp_path / "board", flash="256k" if request.param == "flash" else None) as made:
        yield made


def write(board, name, text):
    (board.folder / name).write_text(text)


def test_mpremote_runs_code_and_programs(board, mpremote, tmp_path):
    assert mpremote(board, "exec", "print(6 * 7)") == "42\n"
    assert mpremote(board, "eval", "'x' * 3") == "xxx\n"
    program = tmp_path / "long.py"
    program.write_text("".join(f"print({n})\n" for n in range(900)))  # more than one window
    assert mpremote(board, "run", program).split() == [str(n) for n in range(900)]
    assert "ZeroDivisionError" in mpremote(board, "exec", "1/0", fails=True)


def test_mpremote_moves_files(board, mpremote, tmp_path):
    folder = tmp_path / "given"
    (folder / "deep").mkdir(parents=True)
    data = bytes(range(256)) * 9
    (folder / "deep" / "all.bin").write_bytes(data)
    mpremote(board, "fs", "cp", "-r", folder, ":")
    assert "all.bin" in mpremote(board, "fs", "tree")
    assert "all.bin" in mpremote(board, "fs", "ls", "given/deep")
    digest = mpremote(board, "fs", "sha256sum", "given/deep/all.bin")
    assert hashlib.sha256(data).hexdigest() in digest
    mpremote(board, "fs", "cp", ":given/deep/all.bin", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == data
    mpremote(board, "fs", "rm", "-r", ":given")
    assert mpremote(board, "eval", "__import__('os').listdir('/')") == "[]\n"


def test_mpremote_asks_for_disk_and_rom(board, mpremote):
    assert "Vfs" in mpremote(board, "df")
    assert "ROMFS is not enabled" in mpremote(board, "romfs", "query")


def test_mpremote_installs_a_package(board, mpremote, tmp_path):
    (tmp_path / "thing.py").write_text("VALUE = 11\n")
    package = {"urls": [["thing/__init__.py", "thing.py"]], "version": "1"}
    (tmp_path / "package.json").write_text(json.dumps(package))
    mpremote(board, "mip", "install", "--no-mpy", "--target", "/lib", tmp_path / "package.json")
    assert mpremote(board, "exec", "import thing; print(thing.VALUE)") == "11\n"


def test_it_sees_no_file_but_its_own(board, mpremote):
    code = "import os; print(os.getcwd(), os.listdir('/')); os.stat('/etc')"
    assert "ENOENT" in mpremote(board, "exec", code, fails=True)
    assert mpremote(board, "exec", "import os; print(os.getenv('HOME'))") == "None\n"
    assert mpremote(board, "exec", "import sys; print(sys.path)") == "['', '.frozen', '/lib']\n"


def test_boot_and_main_run_after_resets_and_are_interrupted(tmp_path, mpremote):
    with Virtual(tmp_path) as board:
        write(board, "boot.py", "print('boot is here')\n")
        write(board, "main.py", TICKING)
        for reset in (board.press_reset, lambda: mpremote(board, "reset")):
            board.log.lines.clear()
            reset()
            board.log.wait_line(lambda line: line == "main is here")
        code = "import machine; print(machine.reset_cause() == machine.SOFT_RESET)"
        assert mpremote(board, "exec", code) == "True\n"  # mpremote resets it softly, and stops it
        assert mpremote(board, "resume", "exec", "print(1)") == "1\n"
        mpremote(board, "soft-reset")  # boots alone: mpremote is at the raw prompt
        assert "main is here" not in board.log.lines[-1]


def test_each_start_has_its_cause(tmp_path, mpremote):
    told = "import machine\nprint('cause', machine.reset_cause())\n"
    with Virtual(tmp_path) as board:
        for code, cause in (
            ("machine.reset()", 2),
            ("machine.WDT(timeout=50)\nwhile True: pass", 3),
            ("machine.deepsleep(50)", 4),
            ("machine.soft_reset()", 5),
        ):
            write(board, "main.py", f"{told}if machine.reset_cause() == 1:\n {again(code)}\n")
            board.kill()
            board.log.lines.clear()
            board.start()
            board.log.wait_line(lambda line, end=f"cause {cause}": line == end)
        assert mpremote(board, "eval", "len(__import__('machine').unique_id())") == "8\n"


def again(code):
    return code.replace("\n", "\n ")


def test_the_boot_loader_has_no_port_until_reset(tmp_path, mpremote):
    with Virtual(tmp_path) as board:
        mpremote(board, "bootloader")
        deadline = time.monotonic() + LIMIT_S
        while not board.in_bootloader and time.monotonic() < deadline:
            select.select([], [], [], 0.01)
        assert board.in_bootloader
        assert not board.is_plugged
        board.press_reset()
        assert mpremote(board, "eval", "1") == "1\n"


def test_a_program_that_holds_on_gives_way_to_more_interrupts(tmp_path, mpremote):
    with Virtual(tmp_path) as board:
        write(board, "main.py", STUBBORN)
        board.press_reset()
        for n in range(3):
            board.log.wait_line(lambda line, now=f"holds on {n}": line == now)
            board.enter(b"\x03")
        assert mpremote(board, "resume", "exec", "print(n)") == "2\n"


RESTLESS = """
import machine
print('again')
machine.reset()
"""


def test_a_board_that_starts_over_and_over_is_stopped_at_once(tmp_path, mpremote):
    with Virtual(tmp_path) as board:
        write(board, "main.py", RESTLESS)
        for _ in range(5):
            board.press_reset()
            assert mpremote(board, "exec", "print(1)") == "1\n"


def test_its_memory_has_a_limit(tmp_path, mpremote):
    with Virtual(tmp_path, "64k") as board:
        free = int(mpremote(board, "exec", "import gc; gc.collect(); print(gc.mem_free())"))
        assert 60 * 1024 < free < 68 * 1024
        assert "MemoryError" in mpremote(board, "exec", "bytearray(70000)", fails=True)


def test_its_flash_has_a_limit_and_outlasts_power(tmp_path, mpremote):
    with Virtual(tmp_path, flash="64k") as board:
        code = "f = open('big', 'wb')\nfor n in range(100): f.write(bytes(1024))"
        assert "OSError: 28" in mpremote(board, "exec", code, fails=True)
        mpremote(board, "exec", "import os\nos.remove('big')\nopen('small', 'w').close()")
        board.kill()
        assert (tmp_path / FLASH_FILE).stat().st_size == 64 * 1024
        board.start()
        assert mpremote(board, "eval", "__import__('os').listdir()") == "['small']\n"


def test_power_goes_at_the_write_that_was_named(tmp_path):
    with Virtual(tmp_path, flash="64k") as board:
        write_main = b"\x05f=open('main.py','w')\nf.write('while True:\\n f=open(\"n\",\"w\")\\n"
        write_main += b" f.write(\"x\"*99)\\n f.close()\\n')\nf.close()\nprint('writ'+'ten')\n\x04"
        board.enter(write_main)
        board.log.wait_line(lambda line: line == "written")
    for number in (1, 2, 7, 20):
        with Virtual(tmp_path, flash="64k", cut_at=number) as board:
            wait_off(board)
    with Virtual(tmp_path, flash="64k") as board:  # littlefs stands that
        board.enter(b"\x03")
        board.log.wait_line(lambda line: "KeyboardInterrupt" in line)


def wait_off(board):
    deadline = time.monotonic() + LIMIT_S
    while board.is_running and time.monotonic() < deadline:
        select.select([], [], [], 0.005)
    assert not board.is_running


def test_a_pulled_cable_does_not_stop_it(tmp_path, mpremote):
    with Virtual(tmp_path) as board:
        write(board, "main.py", "import time\nn = 0\nwhile True:\n n += 1\n time.sleep_ms(1)\n")
        board.press_reset()
        port = os.open(board.port, os.O_RDWR | os.O_NOCTTY)
        board.unplug()
        assert not board.is_plugged
        assert os.read(port, 1000) is not None  # its end, rather than waiting for ever
        os.close(port)
        board.replug()
        assert int(mpremote(board, "resume", "eval", "n")) > 0


def test_nothing_is_left_of_it(tmp_path):
    board = Virtual(tmp_path)
    write(board.start(), "main.py", "while True:\n pass\n")
    board.press_reset()
    pid = board.pid
    board.kill()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not board.is_plugged
    with pytest.raises(LocalError, match="is off"):
        board.press_reset()
    board.kill()  # again is no harm


def test_an_interpreter_that_does_not_start_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("MICROPYTHON", needs.program("false"))
    with Virtual(tmp_path) as board:
        wait_off(board)
        assert "ended before it was there" in board.log.console


def test_sizes():
    assert [kib(text) for text in ("192k", "192", "2M")] == [192, 192, 2048]
    for text in ("", "k", "-1", "1.5k", "9999999M", "²"):
        with pytest.raises(LocalError, match="is no size"):
            kib(text)
