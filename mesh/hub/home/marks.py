"""Rollback marks: how far a peer came, recorded outside of its store and home.

One mark is in the home, beside the key. The other is in the user's state folder and holds a lock
too, so that a store or home that was put back is recognised, and so is a copy of a home that
already runs. Marks survive a crash of ours; after a power cut they may be older.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import NamedTuple

import platformdirs

from mesh.core import peer_id
from mesh.core.errors import LocalError
from mesh.hub.home import files

NAME = "progress"
SIZE = 512  # bytes: a sector, so that it is written whole
MACHINE = Path("/etc/machine-id")


class Mark(NamedTuple):
    """The number of starts, the last seq stored, and a token that the store has too."""

    boots: int = 0
    last: int = 0
    token: str = ""


class Place:
    """A file with a mark."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def read(self) -> Mark | None:
        """Read the mark. None if there is none or it is damaged."""
        try:
            told = json.loads(self._path.read_bytes()[: 2 * SIZE])
            mark = Mark(told["boots"], told["last"], told["token"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        numbers = all(type(n) is int and 0 <= n < 1 << 53 for n in mark[:2])
        return mark if numbers and isinstance(mark.token, str) else None

    def write(self, mark: Mark, *, safe: bool = False) -> None:
        """Write the mark; with `safe`, durably before this returns. OSError."""
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        text = json.dumps(mark._asdict()).ljust(SIZE - 1).encode() + b"\n"
        with files.named(self._path):
            os.pwrite(self._file, text, 0)
            if safe:
                os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class Marks:
    """Both marks of one peer, from its start to its end."""

    def __init__(self, home: Path, peer: bytes) -> None:
        self._outside = _outside(peer)
        self._lock: files.Lock | None = None
        self._places = [Place(home / NAME)]
        self._mark = Mark()

    def open(self) -> list[Mark | None]:
        """The marks in the home and outside of it. LocalError if a copy of the home runs."""
        lock = files.Lock(self._outside.with_suffix(".lock"))
        try:
            files.make_private_folder(self._outside.parent)
            lock.acquire()
        except files.InUse as error:
            raise LocalError(
                f"a copy of this peer runs already, as process {lock.holder() or '?'}",
                "a key may run only once, as two would sign the same seqs, which proves a fork: "
                "stop the other one, or make this one a peer of its own by `mesh id renew`",
            ) from error
        except LocalError:
            return [self._places[0].read(), None]  # a system without a state folder
        self._lock = lock
        self._places.append(Place(self._outside.with_suffix(".json")))
        return [place.read() for place in self._places]

    def begin(self, mark: Mark) -> None:
        """Record a start, durably. LocalError if it cannot be written in the home."""
        self._mark = mark
        try:
            self._places[0].write(mark, safe=True)
        except OSError as error:
            raise LocalError(f"the home cannot be written: {error}", "is the disk full?") from None
        for place in self._places[1:]:
            with contextlib.suppress(OSError):
                place.write(mark, safe=True)

    def reached(self, last: int, token: str | None = None) -> None:
        """Record the last seq stored, and the store's token if it is new."""
        token = self._mark.token if token is None else token
        self._mark = self._mark._replace(last=last, token=token)
        for place in self._places:
            with contextlib.suppress(OSError):  # best effort: it is in the store, too
                place.write(self._mark)

    def close(self) -> None:
        """Close both."""
        for place in self._places:
            place.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _outside(peer: bytes) -> Path:
    # a name that nobody without this key can find
    return platformdirs.user_state_path("othermesh") / peer_id.to_text(peer)[:26]


def drop(peer: bytes) -> None:
    """Remove the mark outside of the home, of a peer that never runs again."""
    for suffix in (".json", ".lock"):
        with contextlib.suppress(OSError):
            _outside(peer).with_suffix(suffix).unlink()


def machine(peer: bytes) -> str:
    """A pseudonym of this computer for this peer alone; "" if it has no machine id."""
    try:
        name = MACHINE.read_bytes().strip()
    except OSError:
        return ""
    return hashlib.sha256(b"othermesh machine" + name + peer).hexdigest()[:16] if name else ""
