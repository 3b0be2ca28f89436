"""A board gets out of every fault by itself: with a full heap, or a flash that takes nothing."""

import subprocess

import needs
import pytest
from starting import GOOD, RAISES, REPORTS, RESTART, Folder

# what is held to the last block, by whatever outlives the fault
FILL = """
import asyncio, sys

held = ()

def fill(piece):
    global held
    while True:
        try:
            while True:
                held = (held, bytes(piece))
        except MemoryError:
            if piece < 16:
                return
            piece //= 2

"""
# at the end not even the smallest piece finds room
ENDS_FULL = FILL + REPORTS + "    fill(1 << 16)\n    raise MemoryError\n"
# main() with a board that fills the heap, and fails; what tells of it runs in the same heap
ENDS = """
import asyncio, json, sys

sys.path.insert(0, sys.argv[1])
import mesh.device.board
import mesh.device.firmware.looking as looking
import mesh.device.main as program


class Board:
    boots = 7
    full = False

    def __init__(self, *_):
        self.held = ()

    async def work(self):
        piece = 1 << 16
        while piece >= 16:
            try:
                while True:
                    self.held = (self.held, bytes(piece))
            except MemoryError:
                piece //= 2
        self.full = True
        await asyncio.sleep(100)

    async def run(self):
        asyncio.create_task(self.work())
        while not self.full:
            await asyncio.sleep_ms(1)
        raise MemoryError


sys.modules["mesh.device.board"].Board = Board
looking.begin = lambda *_: None
life = program.main(failed=lambda why: print("failed with", why))
fault = program.asyncio.run(life.first_fault())
life.end(fault)
"""
# a task that is not over holds it, as a board's jobs are when one of them fails
TASK_FULL = (
    FILL
    + """
async def work():
    global held
    fill(1 << 16)
    mine, held = held, ()
    over.append(mine)
    await asyncio.sleep(100)

over = []

"""
    + REPORTS
    + """
    async def both():
        asyncio.create_task(work())
        while not over:
            await asyncio.sleep_ms(1)
        raise MemoryError
    asyncio.run(both())
"""
)


@pytest.fixture
def folder(tmp_path, compiled, micropython):
    return Folder(tmp_path / "board", compiled, micropython)


def unwritable(folder):
    """Nothing can be noted any more, as on a flash that is full or worn out."""
    (folder.path / "boot.new").mkdir()


@pytest.mark.parametrize("full", [ENDS_FULL, TASK_FULL], ids=["module", "task"])
def test_a_full_heap_ends_a_start_with_its_reason(folder, full):
    folder.put("", full)
    said, code = folder.run()
    assert code == RESTART, said
    assert "Traceback" in said
    why = folder.code("import start\nprint(start.read()['failed'], start.read()['why'])\n")
    assert why == "1 ['MemoryError: ']"


def test_a_full_heap_is_told_and_noted_by_the_program_itself(tmp_path, micropython):
    (tmp_path / "settings.json").write_text("{}")
    (tmp_path / "ends.py").write_text(ENDS)
    done = subprocess.run(
        [micropython, "-X", "heapsize=600k", "ends.py", needs.ROOT],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    assert "failed with MemoryError" in done.stdout, done.stdout
    assert b"MemoryError" in (tmp_path / "faults").read_bytes()


def test_full_heaps_in_a_row_lead_to_safe_mode(folder):
    folder.put("", ENDS_FULL.replace("    fill(", "    if safe:\n        return\n    fill("))
    assert folder.starts() == ["base whole"] * 5 + ["base safe"]


def test_a_start_that_cannot_be_noted_begins_anew_all_the_same(folder):
    folder.put("", RAISES)
    unwritable(folder)
    said, code = folder.run()
    assert code == RESTART, said
    assert "new and broken" in said


def test_a_board_whose_watchdog_ended_it_starts_though_nothing_can_be_noted(folder):
    folder.put("", GOOD.replace("    good()\n", ""))
    folder.hang()
    unwritable(folder)
    assert folder.run() == ("base whole", 0)


def test_what_cannot_be_counted_is_not_tried(folder):
    folder.put("", REPORTS)
    folder.put("next", RAISES)
    folder.stage()
    unwritable(folder)
    assert folder.run() == ("base whole", 0)


def test_what_is_not_good_in_time_ends_though_nothing_can_be_noted(folder):
    waits = (
        "import asyncio, os\n"
        + REPORTS
        + (
            "    os.mkdir('boot.new')\n"
            "    async def wait():\n        await asyncio.sleep(100)\n    asyncio.run(wait())\n"
        )
    )
    folder.put("", REPORTS)
    folder.put("next", waits)
    folder.stage(wait_s=1)
    said, code = folder.run()
    assert code == RESTART, said
