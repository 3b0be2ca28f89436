"""How far a peer came, noted in places that a copy of its store or of its home does not carry.

One place is in the home, beside the key; the other is in this user's state folder, and holds a
lock too: so a store or a home that was put back is known, and a copy of a home that runs already.
What is noted is safe from a crash of ours, and not from a power cut: then it says less.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import NamedTuple

import platformdirs

from mesh.core import ids
from mesh.core.errors import LocalError
from mesh.hub import files

NAME = "progress"
SIZE = 512  # bytes: a sector, so that it is written whole
MACHINE = Path("/etc/machine-id")


class Mark(NamedTuple):
    """How often a peer was started, the last seq that it kept, and a token that its store has."""

    boots: int = 0
    last: int = 0
    token: str = ""


class Place:
    """A file with a mark."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def read(self) -> Mark | None:
        """What is noted there; None if nothing is, or it cannot be read."""
        try:
            told = json.loads(self._path.read_bytes()[: 2 * SIZE])
            mark = Mark(told["boots"], told["last"], told["token"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        numbers = all(type(n) is int and 0 <= n < 1 << 53 for n in mark[:2])
        return mark if numbers and isinstance(mark.token, str) else None

    def write(self, mark: Mark, *, safe: bool = False) -> None:
        """Note it; with `safe` before this returns. OSError."""
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        text = json.dumps(mark._asdict()).ljust(SIZE - 1).encode() + b"\n"
        with files.named(self._path):
            os.pwrite(self._file, text, 0)
            if safe:
                os.fsync(self._file)

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class Marks:
    """Both places of one peer, from its start to its end."""

    def __init__(self, home: Path, peer: bytes) -> None:
        # no link to it from elsewhere, and none who has this key but not this user
        self._outside = platformdirs.user_state_path("othermesh") / ids.to_text(peer)[:26]
        self._lock: files.Lock | None = None
        self._places = [Place(home / NAME)]
        self._mark = Mark()

    def open(self) -> list[Mark | None]:
        """What is noted in the home, and outside of it. LocalError if a copy of it runs."""
        lock = files.Lock(self._outside.with_suffix(".lock"))
        try:
            files.make_private_folder(self._outside.parent)
            lock.acquire()
        except files.InUse as error:
            raise LocalError(
                f"a copy of this peer runs already, as process {lock.holder() or '?'}",
                "one key runs once, or two sign the same seqs and are liars to all: stop the "
                "other one, or make this one a peer of its own by `mesh id renew`",
            ) from error
        except LocalError:
            return [self._places[0].read(), None]  # a system without such a place
        self._lock = lock
        self._places.append(Place(self._outside.with_suffix(".json")))
        return [place.read() for place in self._places]

    def begin(self, mark: Mark) -> None:
        """Note a start, safely. LocalError if that cannot be written in the home."""
        self._mark = mark
        try:
            self._places[0].write(mark, safe=True)
        except OSError as error:
            raise LocalError(f"the home cannot be written: {error}", "is the disk full?") from None
        for place in self._places[1:]:
            with contextlib.suppress(OSError):
                place.write(mark, safe=True)

    def reached(self, last: int, token: str | None = None) -> None:
        """Note the last seq that was kept, and the token of the store if it has a new one."""
        token = self._mark.token if token is None else token
        self._mark = self._mark._replace(last=last, token=token)
        for place in self._places:
            with contextlib.suppress(OSError):  # one of three places: the store has it
                place.write(self._mark)

    def close(self) -> None:
        """Let all go."""
        for place in self._places:
            place.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def machine(peer: bytes) -> str:
    """This computer, for this peer alone; nothing where it has no name of its own."""
    try:
        name = MACHINE.read_bytes().strip()
    except OSError:
        return ""
    return hashlib.sha256(b"othermesh machine" + name + peer).hexdigest()[:16] if name else ""
