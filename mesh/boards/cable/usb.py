"""Detection of boards on USB: serial ports and boot loaders' drives, by vendor and product id."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from mesh.boards.cable.writers import Drive, drives
from mesh.boards.catalogue import hardware
from mesh.boards.mishaps import mishap
from mesh.hub.failure import USAGE, Failure

READY = "MicroPython"  # by ids that MicroPython itself sets on a chip with USB
SERIAL = "serial bridge"  # such a chip says nothing about the board behind it
LOADER = "boot loader"
UNKNOWN = "unknown"
BRIDGES = ("10c4", "1a86", "0403")  # vendors of USB-serial chips


class Found(NamedTuple):
    """A device on USB. `boards`: the ids in hardware/boards that it may be."""

    port: str  # a drive's mount point
    state: str
    boards: tuple[str, ...]
    usb: str = ""  # "vendor:product" in hex
    product: str = ""
    serial: str = ""

    @property
    def talks(self) -> bool:
        """Whether it is a serial port that may be a board's."""
        return self.state in {READY, SERIAL}


def ports() -> Iterable[Any]:
    """The serial ports of this computer, by pyserial. Mishap without it."""
    try:
        from serial.tools.list_ports import comports  # noqa: PLC0415 - not on every desktop
    except ImportError as error:
        raise mishap("mpremote-missing") from error
    found: Iterable[Any] = comports()
    return found


def find(
    list_ports: Callable[[], Iterable[Any]] = ports,
    list_drives: Callable[[], Sequence[Drive]] = drives,
) -> list[Found]:
    """All devices on USB that are or may be boards; known ones first."""
    found = [_port(port) for port in list_ports() if port.vid is not None]
    for drive in list_drives():
        fits = tuple(
            name for name, board in hardware.boards().items() if board.usb.bootsel == drive.label
        )
        found.append(Found(str(drive.path), LOADER, fits, product=drive.label))
    return sorted(found, key=lambda one: (one.state == UNKNOWN, one.port))


def _port(port: Any) -> Found:  # noqa: ANN401 - pyserial has no types
    usb = f"{port.vid:04x}:{port.pid:04x}"
    known = hardware.boards().items()
    ready = tuple(name for name, board in known if usb in board.usb.ids)
    loader = tuple(name for name, board in known if usb in board.usb.bootloader_ids)
    state = UNKNOWN
    if ready:
        state = SERIAL if usb[:4] in BRIDGES else READY
    elif loader:
        state = LOADER
    words = (port.product or "", port.serial_number or "")
    return Found(port.device, state, ready or loader, usb, *words)


def choose(port: str | None, found: Callable[[], Sequence[Found]] = find) -> str:
    """The port given, else that of the only board. Failure."""
    if port is not None:
        return port
    able = [one for one in found() if one.talks]
    if not able:
        raise mishap("no-board")
    if len(able) > 1:
        names = ", ".join(f"{one.port} ({one.product or one.usb})" for one in able)
        help = f"name the one that is meant, such as {able[0].port}; `mesh board list --ask` asks"
        raise Failure(f"several boards were found: {names}", help, USAGE)
    return able[0].port
