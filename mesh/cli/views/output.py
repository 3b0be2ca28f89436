"""Output streams: made safe before anything is written; and lines of plain text."""

import contextlib
import io
import os
import sys
import warnings
from collections.abc import Iterator
from typing import TextIO


def line(text: str) -> None:
    """Write one line, flushed at once."""
    print(text, flush=True)


@contextlib.contextmanager
def plain_output() -> Iterator[TextIO]:
    """The output for a result that is a file for other programs: UTF-8, with its own line ends."""
    sys.stdout.flush()
    file = io.TextIOWrapper(sys.stdout.buffer, "utf-8", newline="", write_through=False)
    try:
        yield file
        file.flush()
    finally:
        with contextlib.suppress(BrokenPipeError):
            file.detach()


@contextlib.contextmanager
def readers_may_leave() -> Iterator[None]:
    """Have BrokenPipeError raised, where rich would exit the process."""
    try:
        yield
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):
            raise end.__context__ from None
        raise


def prepare() -> None:
    """Prepare the streams: characters that the terminal lacks are replaced. A closed stream is
    opened on /dev/null; otherwise the next opened file would get its number, and its output.
    """
    if not sys.warnoptions:  # warnings are shown only if Python's options ask for them
        warnings.simplefilter("ignore")
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, open(nowhere, mode, closefd=False))  # noqa: SIM115 - to the end
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def finish() -> None:
    """Flush the streams; write no more if their reader is gone, as after a terminal was closed."""
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except OSError:
        abandon()


def abandon() -> None:
    """Write nothing more, also not at exit: the reader of our output has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
