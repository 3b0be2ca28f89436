"""Reads the state of a board by cable, without changing anything."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mesh.boards.cable.cable import Cable
from mesh.boards.cable.images import page, pattern
from mesh.boards.catalogue import hardware
from mesh.boards.catalogue.hardware import BoardData
from mesh.boards.mishaps import mishap
from mesh.core.errors import LocalError

OLDEST = (1, 23)  # oldest MicroPython that can run our .mpy files
DIRECTORY = 2  # blocks of a folder in littlefs
SPARE = 4  # blocks that stay free, for replacing counters and the like

LOOK = """
import os, sys, json, gc
def r(p):
    try:
        with open(p) as f:
            return f.read()
    except (OSError, ValueError):
        return None
def t(p):
    try:
        os.stat(p)
        return True
    except OSError:
        return False
s = os.statvfs('/')
print(json.dumps({'machine': getattr(sys.implementation, '_machine', sys.platform),
    'version': list(sys.implementation.version[:3]), 'platform': sys.platform,
    'block': s[0], 'free': s[0] * s[3], 'has_identity': t('identity'), 'has_counter': t('counter'),
    'settings': r('settings.json')}))
"""


@dataclass(frozen=True)
class Seen:
    """The state of a board."""

    machine: str
    version: tuple[int, ...]
    platform: str
    block: int  # bytes of a block of its file system
    free: int
    has_identity: bool
    has_counter: bool
    settings: str | None  # the text of settings.json


def look(cable: Cable) -> Seen:
    """Read the state of a board."""
    try:
        found = json.loads(cable.exec(LOOK, "telling what it is"))
        return Seen(**found | {"version": tuple(found["version"])})
    except (ValueError, TypeError) as error:
        raise mishap("board-error", step="telling what it is", said=str(error)) from error


def board_of(seen: Seen, said: str | None) -> BoardData:
    """Which board it is, by what it reports and what its holder says. Mishap if that is
    unclear.
    """
    known = hardware.boards()
    fits = [board for board in known.values() if _fits(board, seen)]
    words = {"told": f"'{seen.machine}'", "known": ", ".join(known)}
    if said is not None:
        try:
            board = hardware.board(said)
        except LocalError as error:
            raise mishap("which-board", **words) from error
        if board not in fits:
            raise mishap("other-board", board=board.name, **words)
        return board
    exact = [board for board in fits if _name(seen) == board.name]
    if len(exact or fits) != 1 or (not exact and fits[0].port == "rp2"):
        raise mishap("which-board", **words)  # a Pico without W reports an RP2040, too
    return (exact or fits)[0]


def _name(seen: Seen) -> str:
    return seen.machine.rpartition(" with ")[0]


def _fits(board: BoardData, seen: Seen) -> bool:
    """Whether the firmware for a board is for the processor that it reported."""
    if board.port == "unix":
        return seen.platform in ("linux", "darwin")
    chip = seen.machine.rpartition(" with ")[2]
    return seen.platform == board.port and _plain(chip) == _plain(board.chip)


def _plain(chip: str) -> str:
    return chip.replace("-", "").upper()


def check_version(seen: Seen, board: BoardData) -> None:
    """Refuse a MicroPython that cannot load the firmware."""
    if seen.version < OLDEST:
        raise mishap(
            "old-micropython",
            found=".".join(map(str, seen.version)),
            needed=".".join(map(str, OLDEST)),
            pattern=pattern(board),
            page=page(board),
        )


def needed(there: Mapping[str, int], new: Mapping[str, int], block: int) -> int:
    """The most bytes needed at any moment while new files replace those of the given sizes, one by
    one: a file and its replacement exist together until the rename.
    """
    folders = {path.rpartition("/")[0] for path in new} - {
        path.rpartition("/")[0] for path in there
    }
    blocks = most = DIRECTORY * len(folders - {""})
    for path, size in new.items():
        most = max(most, blocks + _blocks(size, block))
        blocks += _blocks(size, block) - _blocks(there.get(path, 0), block)
    return (most + SPARE) * block


def taken(sizes: Iterable[int], block: int) -> int:
    """The bytes of files of these sizes on the board."""
    return sum(_blocks(size, block) for size in sizes) * block


def _blocks(size: int, block: int) -> int:
    return -(-size // block)
