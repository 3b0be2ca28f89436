"""The heap and the names that a board has once all is loaded, held to what they were."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from mesh.boards.virtual.process import HEAP, configure
from mesh.device import lacking

# of a board with one sensor on the unix port, whose words have 64 bits and whose byte code is in
# the heap; lower these whenever there is less
# bytes in use after a collection, with the program below, without the block kept for a datagram
MOST_HEAP = 232_400
STARTS = 3
LEAST_HEAP = "258k"  # with which it joins
MOST_NAMES = 1_020  # the table of names doubles at 1,260

LOOK = """
import asyncio, builtins, gc, micropython, sys

run = asyncio.core.run_until_complete

async def look():
    while not told:
        await asyncio.sleep(0.1)
    gc.collect()
    gc.collect()
    print("heap", gc.mem_alloc())
    micropython.qstr_info()
    sys.exit(0)

def both(living):
    asyncio.create_task(look())
    return run(living)

told = []
asyncio.core.run_until_complete = both
plain = print

def printed(*values, **options):
    if "joined" in str(values):
        told.append(1)
    plain(*values, **options)

builtins.print = printed
from start import start
start()
"""


@pytest.fixture
def folder():
    """A short path: MicroPython keeps parts of it as names, which count here."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def test_what_a_board_has_loaded(compiled, micropython, folder):
    board = folder / "board"
    shutil.copytree(compiled, board)
    alone = {"layers": [], "interface": "127.0.0.1"}
    sensors = {"uptime": {"every_s": 60}}
    configure(board, {"console": "json", "port": 0, "discovery": alone, "sensors": sensors})
    (board / "main.py").write_text(LOOK)
    command = [micropython, "-X", f"heapsize={HEAP}", "main.py"]
    # what is on its way at that moment takes some hundred bytes more, or not
    found = [loaded(command, board) for _ in range(STARTS)]
    heap, names = min(found)
    heap -= lacking.RESERVE
    assert MOST_HEAP - 15_000 < heap < MOST_HEAP, found
    assert MOST_NAMES - 200 < names < MOST_NAMES, found


def test_the_reading_of_settings_takes_no_more_than_all_else(compiled, micropython, folder):
    """Once it took room for the largest file that there may be: 12 KiB more than the board."""
    board = folder / "board"
    shutil.copytree(compiled, board)
    alone = {"layers": [], "interface": "127.0.0.1"}
    configure(board, {"console": "json", "port": 0, "discovery": alone})
    (board / "main.py").write_text(LOOK)
    assert loaded([micropython, "-X", f"heapsize={LEAST_HEAP}", "main.py"], board)


def loaded(command, board):
    """(bytes of heap in use, names) once a board has joined."""
    run = subprocess.run(
        command, cwd=board, capture_output=True, text=True, timeout=60, check=False
    )
    heap = int(re.search(r"^heap (\d+)", run.stdout, re.MULTILINE)[1])
    return heap, int(re.search(r"n_qstr=(\d+)", run.stdout)[1])
