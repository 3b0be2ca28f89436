"""How much a board writes to its flash, and how long that lasts: a day at one reading a minute.

The board's own code on littlefs, on a flash in memory as large as a Pico W's file system, with a
follower that has every reading at once (head_ms: 5 s). Run by `make bench`.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CYCLES = (
    100_000  # erasures of a sector of a Pico W's W25Q16JV, at least (its data sheet, features)
)
BLOCKS = 212  # of 4 KiB: 848 KiB, what MicroPython leaves for files on a Pico W
DAYS = 40  # littlefs moves what it writes most often only after 100 erasures of a block
DAY = """
import sys
sys.path[:0] = [{root!r}, {root!r} + "/tests/device", {root!r} + "/tests/core"]
import json
import day
day.LIMITS["check_ms"] = 600_000
one = day.Day({hours}, {blocks}, 1, False, 128)
flash = one.flash
print(json.dumps([one.flash.written, sum(flash.worn), max(flash.worn), one.keeps]))
"""


def measure(days: int = DAYS) -> list[int]:
    """[bytes written, erasures, erasures of the block that had most, times that anything was kept]
    of so many days, as a list of per-day figures; the third one is of all days.
    """
    from mesh.boards.virtual.process import find_micropython  # noqa: PLC0415 - stands alone otherwise

    code = DAY.format(root=str(ROOT), hours=24 * days, blocks=BLOCKS)
    command = [find_micropython(), "-X", "heapsize=48m", "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    written, erased, most, keeps = json.loads(run.stdout)
    return [written // days, erased // days, most, keeps // days]


def lines(days: int = DAYS) -> list[tuple[str, str, str]]:
    """What `make bench` prints: (name, figure, more)."""
    written, erased, most, keeps = measure(days)
    even = CYCLES * BLOCKS / erased / 365
    return [
        ("feed: writes a day", f"{keeps:,}", "at one reading a minute, each signed and published"),
        ("flash: bytes written a day", f"{written:,}", ""),
        ("flash: blocks erased a day", f"{erased:,}", f"of {BLOCKS} blocks"),
        (
            "most-worn block",
            f"{most}",
            f"erasures in {days} days; the mean is {erased * days / BLOCKS:.1f}",
        ),
        (
            "wear, by the most-worn block",
            f"{CYCLES * days / most / 365:,.0f} years",
            f"{CYCLES:,} erasures",
        ),
        ("wear, spread evenly", f"{even:,.0f} years", "littlefs moves over free blocks"),
    ]


if __name__ == "__main__":
    for name, figure, more in lines(int(sys.argv[1]) if sys.argv[1:] else DAYS):
        print(f"  {name:<46} {figure:>12}  {more}")
