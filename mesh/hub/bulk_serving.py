"""What signed requests over TCP get: large runs to whoever may read feeds, and a place for theirs.

The same messages as over UDP (docs/protocol.md section 4), checked by the same parts of the core.
"""

import asyncio
import functools
from typing import TYPE_CHECKING, Any

from mesh.core import coap
from mesh.core.budget import Bucket
from mesh.core.coap import Message
from mesh.core.errors import LocalError, RemoteError, Stale
from mesh.core.message import Opened, open_request, seal_response
from mesh.core.node import Node
from mesh.core.primitives import Identity, Kit
from mesh.core.represent import CBOR, PROBLEM, problem
from mesh.core.run import Run, check_wishes
from mesh.hub import bulk_check
from mesh.hub.bulk_connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

LARGE = 262_144  # bytes of an answer, at most
RUN = 16_384  # bytes of one run in it: whoever keeps it can hand on parts as small as that
SMALL = 4096  # bytes of an answer to who does not say how much it takes
OVERHEAD = 512  # bytes of a message around its body, at most
STRANGERS_PER_S = 100  # signatures of those whom we do not know that are checked, in all
KNOWN_PER_S = 400  # and of one connection to a peer that we met
MOST_OFFERS = 16  # that are checked at one time; more are refused
MOST_ENTRIES = 65_536  # in one body
FLUSH_S = 30.0  # in which what is acknowledged has to be in the store


class BulkServing:
    """Answers signed requests for /feeds that come over TCP. `now` gives the node's time.

    What is offered goes to the node's feeds, and into their archive if there is one.
    """

    def __init__(self, kit: Kit, identity: Identity, node: Node, now: "Callable[[], int]") -> None:
        self._kit = kit
        self._identity = identity
        self._node = node
        self._now = now
        self._strangers = Bucket(STRANGERS_PER_S)
        self._known: dict[Connection, Bucket] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def gone(self, connection: Connection) -> None:
        """A connection is no more."""
        self._known.pop(connection, None)

    def close(self) -> None:
        """Leave what is being checked."""
        for task in list(self._tasks):
            task.cancel()

    def requested(self, connection: Connection, message: Message) -> None:
        """Answer one signed request, at once or when what it offers was checked."""
        now_ms = self._now()
        if not self._known.get(connection, self._strangers).take(now_ms):
            connection.send(_plain(message, 0x9D, "too many at once"))  # 4.29 (RFC 8516)
            return
        opened = None
        try:
            opened = open_request(self._kit, self._identity.public, message)
            self._met(connection, opened)
            if message.path() != ["feeds"]:
                raise RemoteError("only /feeds over TCP", 0x85, "ask for it over UDP")
            if message.code == coap.FETCH:
                payload = self._fetched(connection, message, opened)
                connection.send(self._sealed(message, opened, coap.CONTENT, CBOR, payload))
                return
            if message.code != coap.POST:
                raise RemoteError("this resource cannot do that", 0x85)
            self._node.gate.fresh(now_ms, message, opened)
            if len(self._tasks) >= MOST_OFFERS:
                raise RemoteError("busy with other offers", 0xA3)
            task = asyncio.get_running_loop().create_task(
                self._offered(connection, message, opened)
            )
            self._tasks.add(task)
            task.add_done_callback(functools.partial(self._ended, connection, message))
        except RemoteError as error:
            connection.send(self._refusal(message, opened, error))

    def failed(self, connection: Connection, message: Message) -> None:
        """Say, signed, that a fault of ours keeps a request from being answered."""
        opened = open_request(self._kit, self._identity.public, message)
        error = RemoteError("a fault of this peer", 0xA0, "what it told its holder says more")
        connection.send(self._refusal(message, opened, error))

    def _met(self, connection: Connection, opened: Opened) -> None:
        self._node.peer.verified += 1
        if connection not in self._known and self._node.contacts.get(opened.sender) is not None:
            self._known[connection] = Bucket(KNOWN_PER_S)

    def _fetched(self, connection: Connection, message: Message, opened: Opened) -> bytes:
        """The body of an answer to FETCH /feeds: heads, or runs as large as is asked for."""
        peer = self._node.peer
        peer.access.check_read("/feeds", opened.sender)
        if not opened.payload:
            return self._kit.encode(peer.feeds.heads())
        wanted: Any = self._kit.decode(opened.payload)
        check_wishes(wanted)
        room = min(_most(message), LARGE, connection.theirs - OVERHEAD)
        runs: list[list[object]] = []
        for author in sorted(wanted)[: bulk_check.MOST_RUNS]:
            first = wanted[author]
            while first is not None and len(runs) < bulk_check.MOST_RUNS:
                run = self._run(author, first, room)
                if run is None or (runs and (run[1] > first or bulk_check.size(run) > room)):
                    break  # what is left out here comes first in the next answer
                room -= bulk_check.size(run)
                runs.append(run)
                first = bulk_check.end(run)
        return bulk_check.packed_all(runs)

    def _run(self, author: bytes, first: int, room: int) -> "list[object] | None":
        """A run of an author from `first` on, a short one unless heads are farther apart."""
        feeds = self._node.peer.feeds
        feed = feeds.get(author)
        if room < OVERHEAD:
            return None
        feeds.head(author)  # signs, if it is our own
        for most in (min(room, RUN), room):
            run: list[object] | None = None
            if feeds.archive is not None and (feed is None or first < feed.first_seq):
                run = feeds.archive.run(author, max(first, 1), most)
            if run is None and feed is not None:
                run = feed.run(first, most)
            if run is None or run[1] == first:  # else part of it was left out for its size
                break
        return run

    async def _offered(self, connection: Connection, message: Message, opened: Opened) -> None:
        """Check runs that are offered, keep them, and say so once a crash cannot lose them."""
        try:
            values = await asyncio.to_thread(bulk_check.split, opened.payload, MOST_ENTRIES)
            self._admit(values, opened.sender)
            runs = await asyncio.to_thread(self._checked, values)
            held = await self._keep(runs)
        except RemoteError as error:
            connection.send(self._refusal(message, opened, error))
            return
        payload = self._kit.encode(held)
        connection.send(self._sealed(message, opened, coap.CHANGED, CBOR, payload))

    def _admit(self, values: list[list[Any]], sender: bytes) -> None:
        """RemoteError unless there is room for all that is offered: it was not checked yet."""
        feeds = self._node.peer.feeds
        if feeds.archive is not None:
            for value in values:
                if value[0] != self._identity.public and feeds.wants(value[0]):
                    feeds.archive.admit(value[0], bulk_check.size(value), sender, asked=False)

    def _checked(self, values: list[list[Any]]) -> list[Run]:
        """Runs, checked; in any thread."""
        return [bulk_check.check(self._kit, value, self._node.limits) for value in values]

    async def _keep(self, runs: list[Run]) -> dict[bytes, int]:
        """Keep what the feeds take: {author: last seq}. RemoteError if that is nothing."""
        feeds = self._node.peer.feeds
        held = self._decided(runs)
        if feeds.archive is not None and held:
            for run in runs:
                if run.author in held:
                    feeds.archive.took(run.author, run)
            try:
                await asyncio.to_thread(feeds.archive.flush, FLUSH_S)
            except LocalError as error:
                raise RemoteError(f"cannot be kept now: {error.detail}", 0xA3) from error
        return held

    def _decided(self, runs: list[Run]) -> dict[bytes, int]:
        """Have the feeds decide about each author by its newest run, before the rest is kept."""
        newest = {run.author: run for run in sorted(runs, key=lambda run: run.seq)}
        held: dict[bytes, int] = {}
        refused: RemoteError | None = None
        for author, run in newest.items():
            try:
                if self._node.peer.feeds.accept(self._now(), list(run[:5])) is not None:
                    held[author] = run.seq
            except RemoteError as error:
                refused = error
        if refused is not None and not held:
            raise refused
        return held

    def _ended(self, connection: Connection, message: Message, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        guard = self._node.peer.kit.guard
        if not task.cancelled() and guard("tcp offer", task.result):
            guard("tcp refusal", self.failed, connection, message)

    def _sealed(
        self,
        request: Message,
        opened: Opened,
        code: int,
        content_format: int,
        payload: bytes,
    ) -> Message:
        reply = Message(code, token=request.token)
        seal_response(
            self._kit,
            self._identity,
            opened.sender,
            opened.digest,
            reply,
            content_format,
            payload,
        )
        return reply

    def _refusal(self, request: Message, opened: "Opened | None", error: RemoteError) -> Message:
        self._node.peer.refused += 1
        if opened is None:
            return _plain(request, error.code, error.detail)
        payload = problem(self._kit, error)
        reply = self._sealed(request, opened, error.code, PROBLEM, payload)
        if isinstance(error, Stale) and error.echo is not None:
            reply.add(coap.ECHO, error.echo)
        return reply


def _plain(request: Message, code: int, detail: str) -> Message:
    return Message(code, detail.encode(), token=request.token)


def _most(message: Message) -> int:
    """How many bytes a request says that it takes: ?max=BYTES."""
    for part in message.query():
        key, _, value = part.partition("=")
        if key == "max" and value.isascii() and value.isdigit() and len(value) < 10:  # noqa: PLR2004
            return int(value)
    return SMALL
