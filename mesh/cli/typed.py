"""Errors of what was typed: names that nobody has, and files that are not there or not right."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from mesh.core.errors import LocalError
from mesh.hub.failure import USAGE, Failure


@contextlib.contextmanager
def as_typed() -> Iterator[None]:
    """A context in which errors in typed words, or in files named there, become Failures of
    usage.
    """
    try:
        yield
    except LocalError as error:
        raise Failure(error.detail, error.help, USAGE) from error


def check_target(file: Path) -> None:
    """Failure of usage if no file can be written there: it is a folder, or in none."""
    if file.is_dir():
        raise Failure(f"{file} is a folder, not a file", "name a file in it", USAGE)
    if not file.parent.is_dir():
        raise Failure(f"there is no folder {file.parent}", "is the path right?", USAGE)
