"""Rate limit of log and screen lines that strangers can cause: those left out are summed up."""

import copy
import errno
import logging
import time
from collections.abc import Hashable, Iterator
from typing import Any

from mesh.core.summing import Summing
from mesh.hub.show.words import printable, printable_lines

EVERY_MS = 10_000
MOST_KINDS = 256  # kinds of lines that are counted apart; the rest is one kind
MOST_LOG = 10  # lines of a kind in EVERY_MS
OTHERS = "others"
# errors that libraries log when an interface goes; we check interfaces every few seconds anyway
GONE = {errno.ENETUNREACH, errno.ENETDOWN, errno.ENODEV, errno.ENXIO, errno.EADDRNOTAVAIL}
STRANGE = ("zeroconf", "aiocoap", "websockets")  # libraries that log what strangers send them


class Quiet:
    """Rate limits of lines, by kind, for at most MOST_KINDS kinds."""

    def __init__(self) -> None:
        self._kinds: dict[Hashable, Summing] = {}

    def takes(self, kind: Hashable, most: int, source: object) -> bool:
        """Whether to write another line of a kind, of which at most `most` are written."""
        if kind not in self._kinds and len(self._kinds) >= MOST_KINDS:
            kind = OTHERS
        summing = self._kinds.setdefault(kind, Summing(most, EVERY_MS))
        return summing.takes(_now_ms(), source)

    def left_out(self) -> Iterator[tuple[Hashable, int, int, int]]:
        """The lines left out, each kind once, as (kind, lines, sources, seconds)."""
        now_ms = _now_ms()
        for kind, summing in self._kinds.items():
            if (left := summing.left_out(now_ms)) is not None:
                yield kind, *left


class _Formatter(logging.Formatter):
    """Escapes words of others, so that they cannot move the cursor or imitate lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return printable(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """As in logging; tracebacks are only written of our own code."""
        if record.exc_info and record.name.partition(".")[0] in STRANGE:
            record = copy.copy(record)
            record.exc_info = record.exc_text = None
        return super().format(record)

    def formatException(self, ei: Any) -> str:  # noqa: ANN401 - logging's name
        return printable_lines(super().formatException(ei))


class QuietHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes log lines to stderr, a few of each kind. A kind is a logger, a level and a message
    before its values are put in.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self._quiet = Quiet()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, unless there were too many of its kind, and the sum of those left
        out.
        """
        if record.name == "zeroconf" and _of_a_gone_interface(record):
            return
        for kind, count, _, seconds in list(self._quiet.left_out()):
            name = kind[0] if isinstance(kind, tuple) else OTHERS
            text = f"{count} lines more of the same kind in {seconds} s"
            super().emit(logging.LogRecord(name, logging.WARNING, "", 0, text, (), None))
        kind = (record.name, f"{record.levelno} {str(record.msg)[:80]}")
        if self._quiet.takes(kind, MOST_LOG, None):
            super().emit(record)


def _of_a_gone_interface(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    of_socket = str(record.msg).startswith("Error with socket")
    return of_socket and isinstance(error, OSError) and error.errno in GONE


def quiet_log() -> None:
    """Use QuietHandler for all log lines of this process, unless the program has its own
    handler.
    """
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(QuietHandler())


def _now_ms() -> int:
    return int(time.monotonic() * 1000)
