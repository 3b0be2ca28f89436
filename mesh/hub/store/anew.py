"""Files that are written anew: what was there before stays until the new one is whole."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

BESIDE = ("", "-wal", "-shm", "-journal")  # what SQLite may leave


@contextlib.contextmanager
def draft(path: Path) -> Iterator[Path]:
    """A file beside `path` to write into; it takes the place of `path` once that is done."""
    part = path.with_name(path.name + ".part")
    try:
        yield part
        part.replace(path)
    finally:
        for suffix in BESIDE:
            with contextlib.suppress(OSError):
                part.with_name(part.name + suffix).unlink()
