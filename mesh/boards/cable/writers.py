"""Writes MicroPython itself onto a board: by esptool (ESP), or by a copy to its drive (RP2).

Neither touches the board's own files, which have their own area of flash; an image that reaches
into it is refused (mesh.boards.cable.images).
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from mesh.boards.cable import images
from mesh.boards.cable.port_errors import of_port
from mesh.boards.catalogue.hardware import BoardData
from mesh.boards.mishaps import mishap
from mesh.hub.home.files import no_link

Progress = Callable[[int, int], None]  # (bytes done, bytes in all)

BAUD = 460_800  # as in MicroPython's instructions for these boards
INFO = "INFO_UF2.TXT"  # a file on each drive of a UF2 boot loader
PIECE = 64 * 1024
PATIENCE_S = 30.0
LOOK_S = 0.2


class Drive(NamedTuple):
    """The drive of an RP2 in its boot loader."""

    path: Path  # where it is mounted
    label: str  # its label: RPI-RP2, RP2350
    device: Path  # the device that is mounted

    @property
    def is_there(self) -> bool:
        """Whether it is still connected, even if the system still shows its files."""
        try:
            return self.device.exists() and (self.path / INFO).exists()
        except OSError:
            return False


def drives() -> list[Drive]:
    """The mounted drives of UF2 boot loaders."""
    found = []
    for part in psutil.disk_partitions(all=False):
        drive = read_drive(Path(part.mountpoint), Path(part.device))
        if drive is not None:
            found.append(drive)
    return found


def read_drive(path: Path, device: Path) -> Drive | None:
    """The drive mounted at a path; None if it is no boot loader's."""
    try:
        with (path / INFO).open("rb") as file:
            text = file.read(4096).decode("ascii", "replace")
    except OSError:
        return None
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "Board-ID":
            return Drive(path, value.strip(), device)
    return None


def wait_drive(
    label: str, look: Callable[[], list[Drive]] = drives, patience_s: float = PATIENCE_S
) -> Drive:
    """Wait for the drive with that label. Mishap if it does not come."""
    ends_at = time.monotonic() + patience_s
    while True:
        for drive in look():
            if drive.label == label:
                return drive
        if time.monotonic() > ends_at:
            raise mishap("drive-not-found", label=label, seconds=f"{patience_s:g}")
        time.sleep(LOOK_S)


def write_uf2(
    file: Path, data: bytes, drive: Drive, progress: Progress, patience_s: float = PATIENCE_S
) -> None:
    """Copy a checked image to the drive, and wait until the board has accepted it and starts."""
    words = {"file": file, "drive": drive.path}
    written = 0
    try:
        # unbuffered, so that progress is real; the board starts at the last block
        with open(drive.path / "firmware.uf2", "wb", buffering=0, opener=no_link) as target:
            while written < len(data):
                written += target.write(data[written : written + PIECE])
                progress(written, len(data))
            os.fsync(target.fileno())
    except OSError as error:
        if written < len(data) or drive.is_there:
            raise mishap("drive-failed", reason=error.strerror, **words) from error
    ends_at = time.monotonic() + patience_s
    while drive.is_there:
        if time.monotonic() > ends_at:
            raise mishap("drive-stays", seconds=f"{patience_s:g}", **words)
        time.sleep(LOOK_S)


def connect_esp(port: str) -> Any:  # noqa: ANN401 - esptool has no types
    """Connect to the chip on a port, in its boot loader, with esptool's stub running on it."""
    from esptool import cmds  # noqa: PLC0415 - slow to load, and seldom needed

    chip = cmds.detect_chip(port)
    try:
        chip = cmds.run_stub(chip)
        if chip.IS_STUB:
            chip.change_baud(BAUD)
        cmds.attach_flash(chip)
    except BaseException:
        chip._port.close()
        raise
    return chip


def write_esp(  # noqa: PLR0913 - the last is for tests
    port: str,
    file: Path,
    data: bytes,
    board: BoardData,
    progress: Progress,
    *,
    keep_files: bool,
    connect: Callable[[str], Any] = connect_esp,
) -> None:
    """Write a checked image to the chip on a port, where esptool verifies it.

    `keep_files`: refuse an image that would lose existing files of a board.
    """
    try:
        from esptool import cmds  # noqa: PLC0415 - as above
        from esptool.util import FatalError  # noqa: PLC0415
    except ImportError as error:
        raise mishap("esptool-missing") from error
    with _esptool_tells(progress), contextlib.ExitStack() as stack:
        try:
            chip = connect(port)
        except FatalError as error:
            raise mishap("chip-silent", port=port, said=_said(error)) from error
        except OSError as error:
            raise of_port(port, error) from error
        stack.callback(chip._port.close)
        if board.image.esp_chip_id != chip.IMAGE_CHIP_ID:
            raise mishap(
                "other-chip",
                port=port,
                found=chip.CHIP_NAME,
                wanted=board.chip,
                board=board.name,
            )
        try:
            if keep_files:
                _check_files_stay(chip, file, data, board)
            cmds.write_flash(chip, [(board.image.offset, data)])
            cmds.reset_chip(chip, "hard-reset")
        except FatalError as error:
            raise mishap("esptool-failed", said=_said(error)) from error
        except OSError as error:
            raise mishap("cable-pulled", port=port) from error


def _check_files_stay(chip: Any, file: Path, data: bytes, board: BoardData) -> None:  # noqa: ANN401
    """Refuse an image with another place for files: the board would not find those it has."""
    old = images.files_at(chip.read_flash(images.TABLE_AT, images.TABLE_MAX, None))
    new = images.files_at(data[images.TABLE_AT - board.image.offset :][: images.TABLE_MAX])
    if old is None or (new is not None and (old.start, old.size) == (new.start, new.size)):
        return
    there = f"at {new.start:#x}, {new.size // 1024} KiB" if new else "nowhere"
    reason = f"the board has them at {old.start:#x}, {old.size // 1024} KiB; the image {there}"
    raise mishap("image-over-files", file=file, reason=reason)


def _said(error: Exception) -> str:
    return " ".join(str(error).split())


@contextlib.contextmanager
def _esptool_tells(progress: Progress) -> Iterator[None]:
    """Silence esptool, and pass on its progress."""
    from esptool.logger import EspLog, TemplateLogger, log  # noqa: PLC0415 - see above

    class Quiet(TemplateLogger):  # type: ignore[misc]  # esptool has no types
        def _nothing(self, *args: object, **options: object) -> None:
            pass

        print = note = warning = error = stage = set_verbosity = _nothing

        def progress_bar(self, cur_iter: int, total_iters: int, **_: object) -> None:
            progress(cur_iter, total_iters)

    before = EspLog.instance
    log.set_logger(Quiet())
    try:
        yield
    finally:
        EspLog.instance = before
