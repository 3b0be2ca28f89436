"""Writer of ROMFS images: a file system mapped from flash, so that code runs in place.

mpremote's builder makes the image. Format: extmod/vfs_rom.c in MicroPython's sources.
"""

import contextlib
import io
from pathlib import Path

from mesh.core.errors import LocalError
from mesh.hub import extras


def image(folder: Path) -> bytes:
    """The image of all files in a folder, with the same bytes for the same files. LocalError.

    Names are sorted; the format has no times, owners or modes.
    """
    try:
        from mpremote import romfs  # noqa: PLC0415 - of the extra [boards]
    except ImportError as error:
        raise LocalError("mpremote is not installed", extras.BOARDS) from error
    with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints a tree
        made: bytes = romfs.make_romfs(f"{folder.as_posix()}/", mpy_cross=False)
    return bytes(made)
