"""ROMFS: a file system that a board maps from its flash, so that code runs from where it lies.

mpremote's own builder makes the image. Its format: extmod/vfs_rom.c in MicroPython's sources.
"""

import contextlib
import io
from pathlib import Path

from mesh.core.errors import LocalError
from mesh.hub import extras


def image(folder: Path) -> bytes:
    """Give the image of all files in a folder: the same bytes for the same files. LocalError.

    Its names are sorted; times, owners and modes are not in the format.
    """
    try:
        from mpremote import romfs  # noqa: PLC0415 - of the extra [boards]
    except ImportError as error:
        raise LocalError("mpremote is not installed", extras.BOARDS) from error
    with contextlib.redirect_stdout(io.StringIO()):  # it draws a tree
        made: bytes = romfs.make_romfs(f"{folder.as_posix()}/", mpy_cross=False)
    return bytes(made)
