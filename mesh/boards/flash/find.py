"""Finds the board to flash, by what is on USB and what its holder says."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from mesh.boards.cable import usb, writers
from mesh.boards.cable.usb import LOADER, Found
from mesh.boards.cable.writers import Drive
from mesh.boards.catalogue import hardware
from mesh.boards.catalogue.hardware import BoardData
from mesh.boards.mishaps import mishap


class Place(NamedTuple):
    """Where a board is: a serial port, or its boot loader's drive."""

    port: str
    drive: Drive | None = None


def ports_of(board: BoardData) -> list[str]:
    """The serial ports on which a board of this kind may be."""
    return [one.port for one in usb.find() if one.usb in board.usb.ids]


def able(found: Sequence[Found]) -> list[Found]:
    """The devices that can be flashed: a serial port that may answer, or a boot loader."""
    return [one for one in found if one.talks or (one.state == LOADER and one.boards)]


def words(one: Found) -> str:
    """A device on USB in words."""
    names = [hardware.board(name).name for name in one.boards]
    says = one.product or one.usb
    return f"{one.port}, {says}: {' or '.join(names) or 'unknown'}"


def choose(
    said: str | None,
    found: Callable[[], Sequence[Found]] = usb.find,
    drives: Callable[[], Sequence[Drive]] = writers.drives,
) -> Place:
    """The device that is meant. `said`: a port, or the folder of a drive. Mishap if there is none,
    or several.

    A given port need not be on USB: those of virtual boards are not.
    """
    if said is None:
        there = able(found())
        if not there:
            raise mishap("no-board")
        if len(there) > 1:
            listed = "; ".join(words(one) for one in there)
            raise mishap("several-boards", found=listed, first=there[0].port)
        said = there[0].port
    for drive in drives():
        if str(drive.path) == said.rstrip("/"):
            return Place("", drive)
    return Place(said)
