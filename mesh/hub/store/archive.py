"""The store as the core's feeds use it: quick to hand over to, written by a thread of its own."""

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mesh.core import cbor
from mesh.core.errors import LocalError
from mesh.core.run import Run
from mesh.hub.store import healing, meter, pieces, schema, upkeep
from mesh.hub.store.budget import UNLIMITED, Budget
from mesh.hub.store.crowd import MET
from mesh.hub.store.held import MOST, Held
from mesh.hub.store.hidden import Hidden
from mesh.hub.store.hooks import Forked, Hooks, log_fault
from mesh.hub.store.reader import Reader
from mesh.hub.store.rules import Rules
from mesh.hub.store.writer import Writer

log = logging.getLogger(__name__)

READ_MS = 250  # that the core waits where another program has locked the whole file
WAITING = 100_000  # entries handed over and not yet written: beyond that, new ones are let go
PARTS = 64  # of the feed of one whom we do not know, with gaps between them


class Archive:
    """Keeps feeds in `path`. A context manager, or open() and close(). LocalError.

    `forked` is called, in the writing thread, when two signed histories disagree; told(text) with
    what goes wrong, and with nothing once it is well again. trouble: the same, to be read. `own`:
    whose store it is: if something of that author has to be taken out, its feed gets a gap.
    faulty(what, error) gets faults of ours in the writing thread.
    """

    def __init__(  # noqa: PLR0913 - whom it tells of what, and what it may keep
        self,
        path: Path,
        forked: Forked | None = None,
        rules: Rules | None = None,
        told: Callable[[str], None] | None = None,
        own: bytes | None = None,
        faulty: Callable[[str, BaseException], None] = log_fault,
        *,
        budget: Budget | None = None,
    ) -> None:
        self.path = path
        self._own = own
        self._unread = ""  # why it could not be read, as it was told
        self._ready: pieces.Found = {}
        self._reader = Reader(path)
        self._budget = budget or Budget(UNLIMITED)
        self._lost = False  # something that was handed over was let go
        self._rules = rules or Rules()
        self._held = Held()
        self._hidden = Hidden()
        self._hooks = Hooks(
            forked or (lambda *_: None),
            told or (lambda _: None),
            self._held.raise_floor,
            self._held.forget,
            faulty,
            self._dropped,
        )

    def open(self) -> Self:
        """Open or make the file."""
        self._database = schema.connect(self.path, writing=True)
        try:
            self._heal()
            meter.trim(self._database, self._budget)
            self._reading = schema.connect(self.path)
            self._held.load(self._reading)
            self._hidden.load(self._reading)
            self._reading.execute(f"PRAGMA busy_timeout = {READ_MS}")
            self._writer = Writer(
                self.path, self._database, self._rules, self._hooks, self._budget
            )
        except sqlite3.Error as error:
            self._database.close()
            raise schema.broken(self.path, error) from error
        return self

    def _heal(self) -> None:
        said: list[str] = []
        upkeep.transaction(
            self._database,
            lambda database: said.extend(healing.heal(database, self._own, thorough=False)),
            synced=True,
        )
        if said:
            what = "; ".join(said)
            log.error("%s: taken out, as they cannot be: %s; the rest is used", self.path, what)

    def close(self) -> None:
        """Write what waits, and close the file."""
        self._reader.close()
        if self._writer.close():
            self._reading.close()
            self._database.close()  # the last, so that it leaves one file

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # what the core calls

    def admit(self, author: bytes, size: int, teller: bytes | None, *, asked: bool) -> None:
        """Whether `size` bytes of an author's may come, which `teller` gave; `asked`: as we asked
        for them. RemoteError says why not. To be called before they are checked.
        """
        self._budget.admit(author, size, teller, asked=asked)

    def took(self, author: bytes, run: Run) -> None:
        """Keep what is new of a checked run, soon. What there is no room for is missing again."""
        most = PARTS if self._budget.standing(author) < MET else MOST
        if self._writer.waiting <= WAITING and self._held.add(
            author, run.first, run.before, run.seq, most
        ):
            self._writer.keep(run)
        else:
            self._lost = True

    def heads(self) -> dict[bytes, tuple[int, bytes, bytes]]:
        """How far each feed is held: {author: (next seq, link of the last, a head up to it)}."""
        found = self._ask(
            "SELECT key, last + 1, link, head FROM author JOIN run ON run.author = author.id "
            "AND first = (SELECT max(first) FROM run WHERE author = author.id)"
        )
        return {key: (seq, link, head) for key, seq, link, head in found}

    def missing(self, author: bytes) -> list[tuple[int, int]]:
        """The first and last seq of each gap in what is held of an author, or on its way."""
        return self._held.missing(author)

    def run(self, author: bytes, first: int, most: int) -> list[object] | None:
        """A run of at most `most` bytes from `first` on, or from the next entry held.

        If not even the next head is so near, the oldest entries are left out. None if nothing is
        held from there on.
        """
        try:
            run = pieces.fitting(self._ready, author, first, most)
        except KeyError:
            run = pieces.run(self._look, author, first, most)
        again = self._hidden.beyond(run)
        return self.run(author, again, most) if again else run

    def hide(self, author: bytes, first: int, last: int) -> None:
        """Keep these entries, and give them to nobody: others hold what came before them."""
        try:
            self.do(self._hidden.add(author, first, last))
        except LocalError as error:  # it is hidden until this peer stops
            log.error("what is not to be given out could not be noted: %s", error.detail)

    async def runs(
        self, who: Hashable, wanted: Sequence[tuple[bytes, int]], sizes: pieces.Sizes
    ) -> tuple[pieces.Found, float]:
        """Read what run() will be asked for, in another thread: of each author from a seq on; and
        the seconds it took. RemoteError if too much is being read; LocalError.
        """
        try:
            return await self._reader.read(who, lambda db: pieces.runs(db, wanted, sizes))
        except LocalError:  # run() tells, and does without
            return {}, 0.0

    @contextlib.contextmanager
    def ready(self, found: pieces.Found) -> Iterator[None]:
        """Have run() give what was read before, where it is asked for that."""
        self._ready = found
        try:
            yield
        finally:
            self._ready = {}

    def evidence(self, author: bytes, one: object, other: object) -> None:
        """Keep two signed statements of an author that disagree, in place of the last two."""
        self._writer.keep_evidence(author, cbor.encode([one, other]))

    def proofs(self) -> dict[bytes, tuple[object, object]]:
        """Of each author that was caught, two signed statements that disagree."""
        found = self._ask("SELECT key, pair FROM evidence JOIN author ON author.id = author")
        proofs = {author: healing.proof(pair) for author, pair in found}
        return {author: pair for author, pair in proofs.items() if pair is not None}

    def flush(self, patience_s: float | None = None) -> None:
        """Wait until all that was handed over is written: then a crash loses none of it.

        LocalError if it cannot be written, or not within `patience_s`, about a second if that is
        not given, as an event loop stands still for it; and if some of it was let go.
        """
        lost, self._lost = self._lost, False
        self._writer.flush(patience_s)
        if lost:
            raise LocalError("more came than can be kept", "offer it again, from its beginning on")

    # what the desktop calls

    def meet(self, author: bytes, host: str) -> None:
        """An author answered us, signed, at an address of a host: it is no stranger any more."""
        if self._budget.meet(author, host):
            self._writer.meet(author)

    def _dropped(self, author: bytes) -> None:
        self._held.drop(author)
        self._budget.gone(author)

    @property
    def waiting(self) -> int:
        """How many entries were handed over and are not yet written: who is far ahead waits."""
        return self._writer.waiting

    @property
    def faults(self) -> int:
        """How often something was left out that was handed over, by a fault of ours."""
        return self._writer.faults

    @property
    def trouble(self) -> str:
        """Why nothing can be written, or nothing."""
        return self._writer.trouble

    def do(self, what: Callable[[sqlite3.Connection], None], *, synced: bool = False) -> None:
        """Do something in the writing thread, in a transaction; `synced`: not even a power cut
        loses it. LocalError.
        """
        self._writer.do(what, synced=synced)

    def keep_synced(self, runs: list[Run]) -> None:
        """Keep runs before this returns, so that not even a power cut loses them. LocalError."""
        self._writer.keep_synced(runs)
        for run in runs:
            self._held.add(run.author, run.first, run.before, run.seq)

    @property
    def database(self) -> sqlite3.Connection:
        """A connection that can only read, for the thread that opened the archive."""
        return self._reading

    def _look(self, question: str, values: Sequence[object]) -> list[Any]:
        """As _ask(); nothing where the file cannot be read: others may have it."""
        try:
            return self._ask(question, values)
        except LocalError as error:
            if error.detail != self._unread:
                self._unread = error.detail
                log.error("%s", error.detail)
            return []

    def _ask(self, question: str, values: Sequence[object] = ()) -> list[Any]:
        try:
            return self._reading.execute(question, values).fetchall()
        except sqlite3.Error as error:
            raise schema.broken(self.path, error) from error
