"""The archive that the core's feeds use: takes runs quickly, and writes them in a thread of its
own.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mesh.core.codec import cbor
from mesh.core.errors import LocalError
from mesh.core.feed.chain import Run
from mesh.core.full import seen
from mesh.hub.store import healing, log_size, meter, pieces, projecting, schema, upkeep, witnesses
from mesh.hub.store.crowd import MET
from mesh.hub.store.held import MOST, Held
from mesh.hub.store.hidden import Hidden
from mesh.hub.store.hooks import Forked, Hooks, log_fault
from mesh.hub.store.own_clock import unix_ms
from mesh.hub.store.quota import UNLIMITED, Budget
from mesh.hub.store.reader import Reader
from mesh.hub.store.retention_rules import Rules
from mesh.hub.store.writer import Writer

log = logging.getLogger(__name__)

READ_MS = 250  # how long the core waits if another program has locked the file
WAITING = 100_000  # entries waiting to be written; beyond that new ones are dropped
PARTS = 64  # parts, with gaps between, of a stranger's feed


class Archive:
    """Keeps feeds in the file `path`. A context manager, or open() and close(). LocalError.

    `own`: the peer whose store it is; if entries of its feed have to be removed, the feed gets a
    gap. projections: by kind of entry. `trouble`: what goes wrong at present, or "".

    Called in the writing thread: `forked`, when two signed histories disagree; told(text), when
    `trouble` changes; faulty(what, error), with faults of ours.
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
        projections: projecting.Table = projecting.BUILT_IN,
    ) -> None:
        self.path = path
        self._own = own
        self._unread = ""  # why it could not be read, as reported
        self._ready: pieces.Found = {}
        self._reader = Reader(path)
        self._budget = budget or Budget(UNLIMITED)
        self._projections = projections
        self._has_seen = projections.get(seen.NAME) is witnesses.Witnesses
        self._lost = False  # whether something handed over was dropped
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
            self._held.add,
        )

    def open(self) -> Self:
        """Open or create the file."""
        projecting.check(self._projections)
        self._database = schema.connect(self.path, writing=True)
        try:
            self._heal()
            upkeep.transaction(
                self._database, lambda database: projecting.prepare(database, self._projections)
            )
            meter.trim(self._database, self._budget, self._projections)
            self._reading = schema.connect(self.path)
            self._held.load(self._reading)
            self._hidden.load(self._reading)
            self._reading.execute(f"PRAGMA busy_timeout = {READ_MS}")
            metered = meter.Meter(self._database, self._budget, unix_ms, self._projections)
            self._writer = Writer(self.path, self._database, self._rules, self._hooks, metered)
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
            log_size.close(self._database)

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # called by the core

    def admit(self, author: bytes, size: int, teller: bytes | None, *, asked: bool) -> None:
        """RemoteError unless `size` bytes of an author may be accepted, from peer `teller`;
        `asked`: we requested them. To be called before they are verified.
        """
        self._budget.admit(author, size, teller, asked=asked)

    def took(self, author: bytes, run: Run, certain: bool = False) -> None:
        """Queue the new entries of a verified run; of a certain one, in place of what contradicts
        it. If there is no room, they are missing again.
        """
        most = PARTS if self._budget.standing(author) < MET else MOST
        if self._writer.waiting <= WAITING and self._held.add(
            author, run.first, run.before, run.seq, most
        ):
            self._writer.keep(run, certain)
        else:
            self._lost = True

    def seen(self, author: bytes, by: bytes) -> list[tuple[int, int, bytes]]:
        """What a witness has seen of an author: [(seq of its entry, up to which seq, link there)],
        the last 4,096 in the order in which it said them.
        """
        if not self._has_seen:
            return []
        return self._look(witnesses.SAID, (author, by))[::-1]

    def trace(self, author: bytes, seq: int, link: bytes) -> tuple[int, bytes]:
        """Down to where the entries that are held lead to a link: the seq and link before."""
        return witnesses.trace(self._look, author, seq, link)

    def heads(self) -> dict[bytes, tuple[int, bytes, bytes]]:
        """How far each feed is held: {author: (next seq, link of the last entry, a head up to
        it)}.
        """
        found = self._ask(
            "SELECT key, last + 1, link, head FROM author JOIN run ON run.author = author.id "
            "AND first = (SELECT max(first) FROM run WHERE author = author.id)"
        )
        return {key: (seq, link, head) for key, seq, link, head in found}

    def missing(self, author: bytes) -> list[tuple[int, int]]:
        """The gaps in an author's entries, stored or queued, as [(first, last)]."""
        return self._held.missing(author)

    def run(self, author: bytes, first: int, most: int) -> list[object] | None:
        """A run of at most `most` bytes from `first` on, or from the next entry held.

        If no head is near enough, the oldest entries are left out. None if nothing is held from
        there on.
        """
        try:
            run = pieces.fitting(self._ready, author, first, most)
        except KeyError:
            run = pieces.run(self._look, author, first, most)
        again = self._hidden.beyond(run)
        return self.run(author, again, most) if again else run

    def hide(self, author: bytes, first: int, last: int) -> None:
        """Keep these entries, but give them to nobody: other peers hold other entries at these
        seqs.
        """
        try:
            self.do(self._hidden.add(author, first, last))
        except LocalError as error:  # not stored, so hidden until this peer stops
            log.error("what is not to be given out could not be noted: %s", error.detail)

    async def runs(
        self, who: Hashable, wanted: Sequence[tuple[bytes, int]], sizes: pieces.Sizes
    ) -> tuple[pieces.Found, float]:
        """Read in another thread what run() will be asked for: of each author from a seq on. Gives
        it and the seconds it took. RemoteError if too many reads wait; LocalError.
        """
        try:
            return await self._reader.read(who, lambda db: pieces.runs(db, wanted, sizes))
        except LocalError:  # reported by run()
            return {}, 0.0

    @contextlib.contextmanager
    def ready(self, found: pieces.Found) -> Iterator[None]:
        """A context in which run() gives what was read before."""
        self._ready = found
        try:
            yield
        finally:
            self._ready = {}

    def evidence(self, author: bytes, one: object, other: object) -> None:
        """Keep two contradicting statements of an author, in place of former ones."""
        self._writer.keep_evidence(author, cbor.encode([one, other]))

    def proofs(self) -> dict[bytes, tuple[object, object]]:
        """The fork proofs, by author: two contradicting statements."""
        found = self._ask("SELECT key, pair FROM evidence JOIN author ON author.id = author")
        proofs = {author: healing.proof(pair) for author, pair in found}
        return {author: pair for author, pair in proofs.items() if pair is not None}

    def flush(self, patience_s: float | None = None) -> None:
        """Wait until all that was queued is written, so that a crash loses none of it.

        LocalError if it cannot be written, or not within `patience_s`, by default about a second,
        as an event loop waits for it; or if some of it was dropped.
        """
        lost, self._lost = self._lost, False
        self._writer.flush(patience_s)
        if lost:
            raise LocalError(
                "more came than can be stored", "offer it again, from its beginning on"
            )

    # called by the desktop

    def meet(self, author: bytes, host: str) -> None:
        """Record that an author answered, signed, at an address of `host`: it is no stranger any
        more.
        """
        if self._budget.meet(author, host):
            self._writer.meet(author)

    def _dropped(self, author: bytes) -> None:
        self._held.drop(author)
        self._budget.gone(author)

    @property
    def waiting(self) -> int:
        """How many entries wait to be written. Who reads far ahead should pause."""
        return self._writer.waiting

    @property
    def faults(self) -> int:
        """How many jobs were dropped by a fault of ours."""
        return self._writer.faults

    @property
    def trouble(self) -> str:
        """Why nothing can be written, or ""."""
        return self._writer.trouble

    def do(self, what: Callable[[sqlite3.Connection], None], *, synced: bool = False) -> None:
        """Run work in the writing thread, in a transaction; `synced`: so that not even a power cut
        loses it. LocalError.
        """
        self._writer.do(what, synced=synced)

    def keep_synced(self, runs: list[Run]) -> None:
        """Write runs before this returns, so that not even a power cut loses them. LocalError."""
        self._writer.keep_synced(runs)
        for run in runs:
            self._held.add(run.author, run.first, run.before, run.seq)

    @property
    def database(self) -> sqlite3.Connection:
        """A read-only connection, for the thread that opened the archive."""
        return self._reading

    def _look(self, question: str, values: Sequence[object]) -> list[Any]:
        """As _ask(), but [] if the file cannot be read: other peers may have the entries."""
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
