"""Virtual boards themselves: built whole, alone in their folder, and gone with their owner."""

import os
import re
import select
import signal
import subprocess
import sys
import time

import needs
import pytest

from mesh.boards.firmware import link
from mesh.boards.virtual import process
from mesh.core.errors import LocalError

OWNER = """
import sys
import time
from pathlib import Path
from mesh.boards.virtual.process import VirtualBoard
with VirtualBoard(Path(sys.argv[1])) as board:
    print(board.wait("joined") and board.pid, flush=True)
    sys.stdin.read()
"""


def test_every_file_of_a_board_is_compiled(compiled):
    made = {path.relative_to(compiled).as_posix() for path in compiled.rglob("*.mpy")}
    assert made == {process.placed(source).as_posix() for source in link.linked().texts}
    assert [path.name for path in compiled.rglob("*.py")] == ["main.py"]


def test_a_file_is_called_as_a_board_imports_it(compiled):
    """By that name MicroPython's build freezes it."""
    for path in compiled.rglob("*.mpy"):
        name = path.relative_to(compiled).with_suffix(".py").as_posix()
        assert name.encode() + b"\0" in path.read_bytes()


def test_a_file_that_does_not_compile_is_named(tmp_path):
    text = "match 1:\n    case _:\n        pass\n"
    with pytest.raises(LocalError, match=r"x\.py does not compile"):
        process.compile_file(process.Path("x.py"), text, tmp_path / "x.mpy", None)


def test_a_board_finds_nothing_outside_its_folder(board):
    one = board()
    (one.folder / "main.py").write_text("import sys\nprint(sys.path)\nimport mesh.linked1\n")
    (one.folder / "mesh" / "linked1.mpy").unlink()
    with one:
        assert one.wait_end() == 1
    assert one.lines[0] == repr([str(one.folder.resolve()), ".frozen"])
    assert "ImportError" in one.console


def test_a_traceback_of_a_board_has_the_lines_of_the_sources(board):
    one = board()
    (one.folder / "main.py").write_text(
        "from mesh.core.peer_id import from_text\nfrom_text('?')\n"
    )
    with one:
        assert one.wait_end() == 1
    frames = re.findall(r'File "(mesh/core/peer_id.py)", line (\d+), in (\w+)', one.console)
    assert frames, one.console
    name, line, function = frames[-1]
    source = (needs.ROOT / name).read_text().split("\n")
    assert source[int(line) - 1].strip().startswith("raise")
    assert any(f"def {function}(" in text for text in source[: int(line)])


def test_stop_says_goodbye_and_kill_does_not(board):
    with board() as one:
        one.wait("joined")
        assert one.is_running
        assert one.stop() == 0
        assert one.events("stopped")
    with board() as one:
        one.wait("joined")
        one.kill()
        assert not one.is_running
        assert not one.events("stopped")


def test_a_signal_stops_it_too(board):
    with board() as one:
        one.wait("heap")
        time.sleep(0.5)  # not amid its first collection, which a signal may leave locked
        os.kill(one.pid, signal.SIGINT)
        one.wait_end()


def test_a_board_ends_with_its_owner(board):
    folder = board().folder
    environment = {**os.environ, "PYTHONPATH": str(needs.ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, folder],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as owner:  # fmt: skip
        watch = os.pidfd_open(int(owner.stdout.readline()))
        owner.kill()
    ended, _, _ = select.select([watch], [], [], 20)
    os.close(watch)
    assert ended, "the board runs on without its owner"


def test_a_wait_that_fails_shows_the_console(board):
    one = board()
    (one.folder / "main.py").write_text("print('so it goes')\n")
    with one, pytest.raises(LocalError, match="so it goes"):
        one.wait("joined")


def test_the_least_heap_is_found(tmp_path, monkeypatch):
    fake = tmp_path / "micropython"
    fake.write_text(
        "#!/bin/sh\nsize=${2#heapsize=}\n"
        """[ "${size%k}" -ge 100 ] && echo '{"event": "joined"}'\n"""
    )
    fake.chmod(0o755)
    monkeypatch.setenv("MICROPYTHON", str(fake))

    def start(heap):
        return process.VirtualBoard(tmp_path, heap=heap)

    assert process.find_least_heap(start) == 100
    with pytest.raises(LocalError, match="96 KiB are not enough"):
        process.find_least_heap(start, most_kib=96)
