"""Which board `mesh flash` is to flash: what is on USB, and what its holder says."""

from collections.abc import Sequence
from typing import NamedTuple

from mesh.hub import hardware, writers
from mesh.hub.hardware import BoardData
from mesh.hub.mishaps import mishap
from mesh.hub.writers import Drive


class Found(NamedTuple):
    """One thing that may be a board: a serial port, or the drive of an RP2's boot loader."""

    where: str
    what: str  # what is known of it
    drive: Drive | None = None


def ports_of(board: BoardData) -> list[str]:
    """The serial ports on which a board of this kind may be."""
    return [port for port, usb, _ in _ports() if usb in board.usb.ids]


def found() -> list[Found]:
    """All that may be a board here."""
    known = hardware.boards().values()
    things = [
        Found(str(drive.path), f"drive {drive.label}: boot loader of a Pico", drive)
        for drive in writers.drives()
    ]
    for port, usb, says in _ports():
        names = [board.name for board in known if usb in board.usb.ids]
        if names:
            what = names[0] if len(names) == 1 else f"{says}: perhaps {' or '.join(names)}"
            things.append(Found(port, what))
    return things


def _ports() -> list[tuple[str, str, str]]:
    """Serial ports on USB: device, vendor:product, what it says it is."""
    try:
        from serial.tools import list_ports  # noqa: PLC0415 - only where boards are
    except ImportError as error:
        raise mishap("mpremote-missing") from error
    return [
        (port.device, f"{port.vid:04x}:{port.pid:04x}", port.description or "USB")
        for port in sorted(list_ports.comports())
        if port.vid is not None
    ]


def choose(said: str | None, things: Sequence[Found] | None = None) -> Found:
    """The one that is meant: `said` is a port or the folder of a drive. Mishap: none, or several.

    A port that is said need not be on USB: virtual boards are not.
    """
    things = found() if things is None else things
    if said is not None:
        same = [thing for thing in things if thing.where.rstrip("/") == said.rstrip("/")]
        return same[0] if same else Found(said, "")
    if not things:
        raise mishap("no-board")
    if len(things) > 1:
        listed = ", ".join(f"{thing.where} ({thing.what})" for thing in things)
        raise mishap("several-boards", found=listed, first=things[0].where)
    return things[0]
