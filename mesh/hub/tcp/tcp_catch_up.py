"""Bulk catch-up over TCP: fetches what an archive lacks, from several sources; verified in
threads.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from mesh.core import codes
from mesh.core.errors import RemoteError
from mesh.core.feed.chain import Run, claim, seam
from mesh.core.kit import Identity, Kit
from mesh.core.limits import Limits
from mesh.hub.store.archive import Archive
from mesh.hub.tcp import runs_check
from mesh.hub.tcp.runs import LARGE, MOST_ENTRIES, RUN
from mesh.hub.tcp.tcp_client import Source, Way, connected

PIECE = 8192  # entries in a piece, the unit that a source fetches
WAYS = 2  # pieces under way from a source: one is verified while the other is sent
WAITING = 30_000  # most entries waiting for the store before more are fetched
PAUSE_S = 0.01
REST_S = 1.0  # until a busy source is asked again: the Max-Age that it gives (RFC 8516 s.3)
RESTS = 10  # for one answer: whoever gives none for longer is left
LEAST = 2 * RUN  # least bytes to request
ENTRY = 80  # first estimate of an entry's bytes
SPARSE = 1 << 24  # a longer gap has unused seqs inside, and is not split


class Caught(NamedTuple):
    """The result. failed: {source: why it was dropped}; lacking: entries that no source had."""

    entries: int
    failed: dict[bytes, str]
    lacking: int


class Piece(NamedTuple):
    """A range of entries of an author to fetch; `asked`: sources that do not have them."""

    author: bytes
    first: int
    last: int
    asked: frozenset[bytes] = frozenset()


class CatchingUp:
    """Fetches what `archive` lacks of the feeds for which wants(author) is true.

    told(entries) is called as they come. After an interruption, a new one goes on where it was.
    """

    def __init__(
        self,
        kit: Kit,
        identity: Identity,
        archive: Archive,
        wants: Callable[[bytes], object],
        told: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._kit = kit
        self._identity = identity
        self._archive = archive
        self._wants = wants
        self._told = told
        self._limits = Limits()
        self.newest: dict[bytes, int] = {}  # the last seq received, by author
        self._pieces: deque[Piece] = deque()
        self._busy = 0
        self._size = ENTRY
        self._entries = 0
        self._failed: dict[bytes, str] = {}
        self._unwanted: dict[bytes, str] = {}  # authors whom the store does not admit: reason
        self._news = asyncio.Event()

    async def run(self, sources: Sequence[Source], least: int = 0) -> Caught:
        """Fetch from these sources, unless fewer than `least` entries are missing. A source that
        fails is dropped, and the others go on.
        """
        async with contextlib.AsyncExitStack() as stack:
            met = []
            ends: dict[bytes, int] = {}
            for source in sources:
                try:
                    connection = await stack.enter_async_context(
                        connected(self._kit, self._identity, source)
                    )
                    heads = await self._heads(connection)
                except (RemoteError, OSError, TimeoutError) as error:
                    self._failed[source.peer] = str(error) or "no connection"
                    continue
                met.append((connection, source, heads))
                for author, seq in heads.items():
                    ends[author] = max(seq, ends.get(author, 0))
            pieces = list(self._plan(ends))
            if sum(piece.last + 1 - piece.first for piece in pieces) >= least:
                self._pieces.extend(pieces)
            ways = [self._fetch(*one) for one in met for _ in range(WAYS)]
            await asyncio.gather(*ways)
        lacking = sum(piece.last + 1 - piece.first for piece in self._pieces)
        return Caught(self._entries, self._failed, lacking)

    def _plan(self, ends: dict[bytes, int]) -> Iterator[Piece]:
        """Divide what is missing into pieces."""
        held = self._archive.heads()
        for author, last in sorted(ends.items()):
            if author == self._identity.public or not self._wants(author):
                continue
            next_seq = held[author][0] if author in held else 1
            gaps = [*self._archive.missing(author), (next_seq, last)]
            for first, end in gaps:
                step = PIECE if end - first < SPARSE else end
                for at in range(first, end + 1, step):
                    yield Piece(author, at, min(end, at + step - 1))

    async def _fetch(self, connection: Way, source: Source, heads: dict[bytes, int]) -> None:
        """Fetch pieces from a source until there are none left, or it fails."""
        while source.peer not in self._failed:
            piece = self._next(source, heads)
            if piece is None:
                if not self._busy:
                    break
                self._news.clear()
                await self._news.wait()  # another source may give a piece back
                continue
            self._busy += 1
            try:
                await self._fetch_piece(connection, source, piece)
            except RemoteError as error:
                self._failed.setdefault(source.peer, error.detail)
            finally:
                self._busy -= 1
                self._news.set()

    def _next(self, source: Source, heads: dict[bytes, int]) -> Piece | None:
        for piece in self._pieces:
            if piece.author in self._unwanted:
                continue
            if source.peer not in piece.asked and heads.get(piece.author, 0) >= piece.first:
                self._pieces.remove(piece)
                return piece
        return None

    async def _fetch_piece(self, connection: Way, source: Source, piece: Piece) -> None:
        at = piece.first
        try:
            while at <= piece.last:
                room = max(LEAST, min(LARGE, (piece.last + 1 - at) * self._size))
                runs = await self._runs(connection, {piece.author: at}, room)
                if not runs:
                    return
                for run in runs:
                    if run.seq < at or run.author != piece.author:
                        raise RemoteError("not what was asked for")
                    if at > piece.last:
                        break
                    self._skipped(piece, source, at, run)
                    if not await self._took(run, source):
                        return
                    at = run.seq + 1
        finally:
            if at <= piece.last:
                asked = piece.asked | {source.peer}
                self._pieces.append(piece._replace(first=at, asked=asked))

    def _skipped(self, piece: Piece, source: Source, at: int, run: Run) -> None:
        """Leave the beginning of a piece, which a source lacks, to the others."""
        if run.first <= at:
            return
        if run.before != seam(self._kit, run.author, run.first - 1):
            last = min(run.first - 1, piece.last)
            self._pieces.append(Piece(run.author, at, last, piece.asked | {source.peer}))

    async def _took(self, run: Run, source: Source) -> bool:
        """Pass a run to the store. False if it does not admit the author."""
        try:
            size = sum(map(len, run.entries))
            self._archive.admit(run.author, size, source.peer, asked=True)
        except RemoteError as error:
            self._unwanted.setdefault(run.author, error.detail)
            return False
        while self._archive.waiting > WAITING:  # noqa: ASYNC110 - a thread writes, and has no loop
            await asyncio.sleep(PAUSE_S)
        self._archive.took(run.author, run)
        self._entries += len(run.entries)
        self.newest[run.author] = max(run.seq, self.newest.get(run.author, 0))
        self._size = sum(map(len, run.entries)) // len(run.entries) + 8
        self._told(self._entries)
        return True

    async def _runs(self, connection: Way, wanted: dict[bytes, int], room: int) -> list[Run]:
        """Request {author: first seq} of a source, and give the verified runs."""
        answer = await _fetched(connection, self._kit.encode(wanted), (f"max={room}",))
        return await asyncio.to_thread(self._checked, answer)

    def _checked(self, answer: bytes) -> list[Run]:
        """Verify the runs in an answer, in any thread."""
        values = runs_check.split(answer, MOST_ENTRIES)
        return [runs_check.check(self._kit, value, self._limits) for value in values]

    async def _heads(self, connection: Way) -> dict[bytes, int]:
        """How far a source says that it holds each feed. Unverified: only used to plan."""
        heads = self._kit.decode(await _fetched(connection, b"", ()))
        if not isinstance(heads, list):
            raise RemoteError("not an array of heads")
        found: dict[bytes, int] = {}
        for head in heads:
            who, seq, _ = claim(self._kit, head if isinstance(head, bytes) else b"")
            if who is not None:
                found[who] = seq
        return found


async def _fetched(connection: Way, body: bytes, query: Sequence[str]) -> bytes:
    """Fetch from /feeds, and ask again while the source says that it is busy."""
    for _ in range(RESTS):
        try:
            return await connection.fetch(body, query)
        except RemoteError as error:
            if error.code != codes.TOO_MANY:
                raise
        await asyncio.sleep(REST_S)
    return await connection.fetch(body, query)
