"""mesh import: runs out of files into the store."""

import os
import stat
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Annotated, Any, NamedTuple

import typer

from mesh.cli.kept import in_thread
from mesh.cli.options import HomeFolder, Json, Reply
from mesh.core.errors import RemoteError
from mesh.hub.failure import FAILED, USAGE, Failure
from mesh.hub.operations.importing import UNWANTED
from mesh.hub.operations.intake import Taker, intake
from mesh.hub.store import sequence

EXAMPLE = "mesh import /media/stick/attic.runs; gzip -dc all.runs.gz | mesh import -"
BATCH = 131_072  # bytes that are handed over at once, or one item
MOST_AUTHORS = 4096  # that are told one by one
MOST_REASONS = 8  # for which something of an author was refused
STDIN = Path("-")
Row = dict[str, Any]


class Batch(NamedTuple):
    """Some items of a file; the byte at which they end; whether they are the last, and why."""

    items: list[bytes]
    end: int
    ended: bool
    trouble: RemoteError | None = None


class Tally:
    """What became of the items, in all and by author."""

    def __init__(self) -> None:
        self.all: Counter[str] = Counter()
        self.authors: dict[str, Counter[str]] = {}
        self.reasons: dict[str, set[str]] = {}

    def add(self, rows: list[Row]) -> None:
        """Count what was told of some items."""
        for row in rows:
            unwanted = row["error"] == UNWANTED
            counts = {
                "new": 0 if row["proof"] else row["new"],
                "known": row["known"],
                "proofs": int(row["proof"] and not row["error"]),
                "refused": int(row["error"] is not None and not unwanted),
                "unwanted": int(unwanted),
                "own": int(bool(row["own"])),
            }
            self.all.update(counts)
            who = row["id"] or ""
            if who in self.authors or len(self.authors) < MOST_AUTHORS:
                self.authors.setdefault(who, Counter()).update(counts)
                reasons = self.reasons.setdefault(who, set())
                if row["error"] and len(reasons) < MOST_REASONS:
                    reasons.add(row["error"])

    def rows(self) -> Iterator[Row]:
        """A row for each author, and one for all."""
        for who, counts in sorted(self.authors.items()):
            why = sorted(self.reasons[who])
            yield {"event": "author", "id": who or None, **counts, "why": why}
        yield {"event": "imported", "authors": len(self.authors), **self.all}


def command(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="From `mesh export --runs`; - is stdin."),
    ],
    home: HomeFolder = None,
    json: Json = False,
) -> Reply:
    """Import signed runs from files into the store: a record that came on a stick.

    Each is checked as if it had come over the network. What is there already does not come twice,
    and of a file that is broken, all that came before is kept. A peer may run meanwhile.
    """
    return Reply("import", _import(files, home), json, many=True)


async def _import(files: list[Path], home: Path | None) -> AsyncGenerator[Row, None]:
    tally = Tally()
    broken: list[Failure] = []
    with ExitStack() as stack:
        opened = [(path, stack.enter_context(_opened(path))) for path in files]
        async with intake(home) as take:
            for path, file in opened:
                try:
                    async for row in _file(path, file, take, tally):
                        yield row
                except RemoteError as error:
                    broken.append(Failure(f"{path}: {error.detail}", error.help, FAILED))
                    yield {"event": "broken", "file": str(path), "detail": error.detail}
    for row in tally.rows():
        yield row
    if broken:
        raise broken[0]
    if tally.all["refused"]:
        raise Failure(
            f"{tally.all['refused']} runs or proofs were refused",
            "what holds of the others is kept",
            FAILED,
        )


async def _file(
    path: Path, file: IO[bytes], take: Taker, tally: Tally
) -> AsyncGenerator[Row, None]:
    size = os.fstat(file.fileno()).st_size
    items = sequence.cut(file)
    batch = Batch([], 0, False)
    while not batch.ended:
        batch = await in_thread(lambda: None, lambda: _batch(items))
        if batch.items:
            tally.add(await take(b"".join(batch.items)))
            yield {
                "event": "progress", "verb": "reading", "what": path.name,
                "done": batch.end, "of": max(size, batch.end),
            }  # fmt: skip
        if batch.trouble is not None:
            raise batch.trouble


def _batch(items: Iterator[sequence.Cut]) -> Batch:
    found: list[bytes] = []
    size = end = 0
    try:
        for one in items:
            found.append(one.data)
            size, end = size + len(one.data), one.end
            if size >= BATCH:
                return Batch(found, end, False)
    except RemoteError as error:
        return Batch(found, end, True, error)
    return Batch(found, end, True)


def _opened(path: Path) -> IO[bytes]:
    if path == STDIN:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Failure(
                f"{path} is no file", "name a file, or - for what comes by a pipe", USAGE
            )
        return path.open("rb")
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror or error}", code=USAGE) from error
