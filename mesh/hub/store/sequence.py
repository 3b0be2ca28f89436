"""Files of runs: a CBOR sequence (RFC 8742) of runs and fork proofs (docs/protocol.md section 6).

They may come from anybody: an item has a largest size, and is not decoded here, only cut out.
"""

import sqlite3
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from mesh.core.errors import LocalError, RemoteError
from mesh.hub.failure import Failure
from mesh.hub.fast_cbor import encode
from mesh.hub.home.files import draft, no_link
from mesh.hub.store import pieces
from mesh.hub.store.hidden import Hidden
from mesh.hub.store.queries import Queries

MOST = 524_288  # most bytes of an item: a fork proof may have two runs as large as over TCP
PIECE = 65_536  # bytes read at a time
RUN = 16_384  # bytes of a run that is written
LARGE = 262_144  # bytes of a run if heads are farther apart
STARTS = (b"\x85\x58\x20", b"\x82")  # first bytes of a run, and of a fork proof
# by major types (RFC 8949 s.3.1)
STRINGS = (2, 3)
MORE = {4: 1, 5: 2}  # items in an array or map for each one counted
TAG = 6
FIRST = range(0x82, 0x98)  # an array: a fork proof, a run, or a run of a later version
OTHERS = {
    b"\x1f\x8b": "it is compressed: `gzip -dc FILE | mesh import -` reads it",
    b"SQLite": "it is a database; a store's runs come by `mesh export --runs`",
    b"author,": "it is a table of readings, which nobody signed; `mesh export --runs` makes these",
}
FOREIGN = "`mesh export --runs -o FILE` makes a file of runs"
NEXT = "SELECT min(first) FROM run JOIN author ON author.id = author WHERE key = ? AND first > ?"
SINCE = (
    "SELECT min(first) FROM run JOIN author ON author.id = author WHERE key = ? AND arrived >= ?"
)
PAIR = "SELECT pair FROM evidence JOIN author ON author.id = author WHERE key = ?"


class Written(NamedTuple):
    """How much was written to a file of runs so far. `damaged`: rows of the store that were
    skipped.
    """

    authors: int
    runs: int
    entries: int
    proofs: int
    bytes: int
    damaged: int


class Cut(NamedTuple):
    """An item of a file, and the byte at which it ends."""

    data: bytes
    end: int


def save(
    store: Queries, authors: Sequence[bytes], path: Path, since_ms: int | None = None
) -> Generator[Written, None, None]:
    """Write a file of runs, as write() does. LocalError; Failure if a file that is not of ours
    exists.
    """
    try:
        if path.exists() and path.stat().st_size:
            with open(path, "rb", opener=no_link) as old:
                if not old.read(len(STARTS[0])).startswith(STARTS):
                    detail = f"{path} is there already, and no file of runs"
                    raise Failure(detail, "it was not touched; name another file, or move it away")
        with draft(path) as part, part.open("wb") as file:
            yield from write(store, authors, file, since_ms)
    except OSError as error:
        raise LocalError(
            f"{path} cannot be written: {error.strerror or error}", "what was there is untouched"
        ) from error


def write(
    store: Queries, authors: Sequence[bytes], file: IO[bytes], since_ms: int | None = None
) -> Generator[Written, None, None]:
    """Write what a store has of some authors, except what arrived before `since_ms` (Unix ms).
    Yields progress after each run.
    """
    hidden = Hidden()
    hidden.load(store.database)
    total = Written(0, 0, 0, 0, 0, 0)
    for author in authors:
        total = total._replace(authors=total.authors + 1)
        pair = store.database.execute(PAIR, (author,)).fetchone()
        if pair is not None and isinstance(pair[0], bytes):
            file.write(pair[0])
            total = total._replace(proofs=total.proofs + 1, bytes=total.bytes + len(pair[0]))
            yield total
        for found in _runs(store.database, author, since_ms, hidden):
            if found is None:
                total = total._replace(damaged=total.damaged + 1)
                continue
            data = encode(found)
            file.write(data)
            total = total._replace(
                runs=total.runs + 1,
                entries=total.entries + len(found[3]),  # type: ignore[arg-type]
                bytes=total.bytes + len(data),
            )
            yield total
    file.flush()
    yield total


def _runs(
    database: sqlite3.Connection, author: bytes, since_ms: int | None, hidden: Hidden
) -> Iterator[list[object] | None]:
    """The runs of an author in order; None for a damaged row."""

    def ask(question: str, values: Sequence[object]) -> list[object]:
        return database.execute(question, values).fetchall()

    question, value = (NEXT, 0) if since_ms is None else (SINCE, since_ms)
    first = database.execute(question, (author, value)).fetchone()[0]
    while first is not None:
        found = None
        for most in (RUN, LARGE):
            found = pieces.run(ask, author, first, most)
            if found is None or found[1] == first:
                break
        if found is None:  # a damaged row, or the end
            following = database.execute(NEXT, (author, first)).fetchone()[0]
            held = (
                "SELECT 1 FROM run JOIN author ON author.id = author WHERE key = ? AND last >= ?"
            )
            if database.execute(held, (author, first)).fetchone():
                yield None
            first = following
            continue
        again = hidden.beyond(found)
        if not again:
            yield found
        first = again or found[1] + len(found[3])  # type: ignore[operator, arg-type]


def cut(file: IO[bytes]) -> Iterator[Cut]:
    """Yield the items of a file. Holds at most MOST bytes and PIECE.

    RemoteError at an invalid item; all before it were valid.
    """
    data, at = b"", 0
    while more := file.read(PIECE):
        if not at and not data and more[0] not in FIRST:
            raise _foreign(more)
        data += more
        start = 0
        while start < len(data) and (end := _end(data, start, at)):
            yield Cut(data[start:end], at + end)
            start = end
        at, data = at + start, data[start:]
        if len(data) > MOST:
            raise _broken("more than an item can have", at)
    if data:
        raise _broken("an item that is cut off", at)


def _foreign(data: bytes) -> RemoteError:
    help = next((text for start, text in OTHERS.items() if data.startswith(start)), FOREIGN)
    return RemoteError("this is no file of runs", help=help)


def _broken(what: str, at: int) -> RemoteError:
    return RemoteError(f"behind byte {at} is {what}", help="what came before it was read")


def _end(data: bytes, start: int, offset: int) -> int:
    """Where the item at `start` ends; 0 if it is not complete yet.

    Without a stack: it is enough to count the items that are still to come.
    """
    at, left = start, 1
    while left:
        if at >= len(data):
            return 0
        major, info = data[at] >> 5, data[at] & 31
        if info > 27:  # noqa: PLR2004 - no definite length
            raise _broken("what no run has", offset + start)
        width = 0 if info < 24 else 1 << info - 24  # noqa: PLR2004
        n = int.from_bytes(data[at + 1 : at + 1 + width], "big") if width else info
        at += 1 + width
        if at > len(data):
            return 0
        size, more = (n if major in STRINGS else 0), n * MORE.get(major, 0)
        left += more - 1 + (major == TAG)
        at += size
        if at - start > MOST or left > MOST:
            raise _broken("more than an item can have", offset + start)
    return at if at <= len(data) else 0
