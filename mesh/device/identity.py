"""Identity of this board: a key that never leaves it, a counter that never repeats, number of
starts.
"""

import gc
import hashlib
import os
import sys

from mesh.core.errors import LocalError
from mesh.core.feed.chain import FEED
from mesh.core.kit import Identity
from mesh.core.security.counter import Counter
from mesh.device import ed25519
from mesh.device.journal import Journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

BLOCK = 1024  # counters reserved by one write to flash
CHECK = 8  # bytes of SHA-256 as a check sum
ENOENT = 2


def sha256(data: bytes) -> bytes:
    """The SHA-256 of data."""
    return hashlib.sha256(data).digest()


def read(path: str) -> "bytes | None":
    """Read what write() wrote; None if there is no file. LocalError if it is damaged."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        if error.errno == ENOENT:
            return None
        raise LocalError(f"{path} cannot be read: {error}")
    body = data[:-CHECK]
    if not body or sha256(body)[:CHECK] != data[-CHECK:]:
        raise LocalError(f"{path} is damaged", "restore it from a copy; nothing was changed")
    return body


def write(path: str, body: bytes) -> None:
    """Write a file, whole or not at all, as power may be cut at any moment."""
    write_pieces(path, (body,))


def write_pieces(path: str, pieces: "Iterable[bytes]") -> None:
    """The same, of what is too large for one piece of the heap."""
    whole = hashlib.sha256()
    with open(path + ".new", "wb") as file:
        for piece in pieces:
            file.write(piece)
            whole.update(piece)
        file.write(whole.digest()[:CHECK])
    os.rename(path + ".new", path)


class State:
    """The file `counter`: number of starts, and the bound of counters that may have been used."""

    def __init__(self, born: bool) -> None:
        body = read("counter")
        if body is None and not born:
            raise LocalError(
                "counter is missing: a number could be used twice",
                "restore it from a copy, or delete identity too, for a new peer",
            )
        body = body or bytes(12)
        self.boots = int.from_bytes(body[:4], "big") + 1
        self.limit = int.from_bytes(body[4:], "big")

    def save(self, limit: int) -> None:
        """Record that counters below `limit` may be used."""
        write("counter", self.boots.to_bytes(4, "big") + limit.to_bytes(8, "big"))


def load(tail: int) -> "tuple[Identity, int, Journal]":
    """Load the identity in this folder (created at the first start), the number of starts, and the
    journal of the feed for `tail` entries.

    LocalError if a file is damaged: it is never replaced by a new one.
    """
    secret = read("identity")
    state = State(secret is None)
    born = secret is None
    secret = secret or os.urandom(32)
    public = ed25519.public_key(secret)
    from mesh.device.noted import Places  # noqa: PLC0415 - for a moment: heap is dear

    places = Places(sha256, read, public, state.boots, state.limit)
    state.boots, state.limit = places.boots, places.limit
    state.save(state.limit)
    del sys.modules["mesh.device.noted"]
    delattr(sys.modules["mesh.device"], "noted")
    why, last = ("", 0) if born else (places.why, places.last)
    journal = Journal(sha256, public, tail, why, last, places.prefix)
    if born:
        # the identity is written last: without it, the other files are created again
        journal.reset(1, sha256(FEED + public))
        write("identity", secret)
    counter = Counter(state.limit, BLOCK, state.save)

    def sign(data: bytes) -> bytes:
        signature = ed25519.sign(secret, public, data)
        gc.collect()
        return signature

    return Identity(public, sign, counter.next), state.boots, journal
