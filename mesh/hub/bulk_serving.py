"""What signed requests over TCP get: large runs to whoever may read feeds, and a place for theirs.

The same messages as over UDP (docs/protocol.md section 4), checked by the same parts of the core.
"""

import asyncio
import contextlib
import functools
import time
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
from mesh.hub import bulk_check, bulk_runs
from mesh.hub.bulk_connection import Connection
from mesh.hub.bulk_runs import LARGE, OVERHEAD, RUN
from mesh.hub.fairness import Fairness, User, stranger
from mesh.hub.store.pieces import Sizes

if TYPE_CHECKING:
    from collections.abc import Callable

STRANGERS_PER_S = 100  # signatures of those whom we do not know that are checked, in all
KNOWN_PER_S = 400  # and of one connection to a peer that we met
MOST_OFFERS = 16  # that are checked at one time; more are refused
MOST_TASKS = 64  # requests at one time, of all kinds
MOST_ENTRIES = 65_536  # in one body
FLUSH_S = 30.0  # in which what is acknowledged has to be in the store


class BulkServing:
    """Answers signed requests for /feeds that come over TCP. `now` gives the node's time.

    What is offered goes to the node's feeds, and into their archive if there is one. What a
    request costs is charged to `fair`.
    """

    def __init__(
        self,
        kit: Kit,
        identity: Identity,
        node: Node,
        now: "Callable[[], int]",
        fair: Fairness | None = None,
    ) -> None:
        self._kit = kit
        self._identity = identity
        self._node = node
        self._now = now
        self._strangers = Bucket(STRANGERS_PER_S)
        self._known: dict[Connection, Bucket] = {}
        self._fair = fair or Fairness()
        self._users: dict[Connection, User] = {}  # of those that a peer whom we met uses
        self._tasks: set[asyncio.Task[None]] = set()

    def gone(self, connection: Connection) -> None:
        """A connection is no more."""
        self._known.pop(connection, None)
        self._users.pop(connection, None)

    def close(self) -> None:
        """Leave what is being checked."""
        for task in list(self._tasks):
            task.cancel()

    def requested(self, connection: Connection, message: Message) -> None:
        """Answer one signed request, at once or when what it asks for was read or checked."""
        now_ms = self._now()
        user = self._user(connection)
        wait_s = self._fair.wait_s(user)
        if wait_s:
            connection.rest(wait_s)
        if wait_s or not self._known.get(connection, self._strangers).take(now_ms):
            connection.send(bulk_runs.too_many(message, wait_s))
            return
        start_s = time.thread_time()
        refused = self._take(now_ms, connection, message)
        self._fair.charge(user, time.thread_time() - start_s, failed=refused)

    def _take(self, now_ms: int, connection: Connection, message: Message) -> bool:
        """Answer, or begin to; whether the signature was wrong."""
        opened = None
        try:
            opened = open_request(self._kit, self._identity.public, message)
            self._met(connection, opened)
            if message.path() != ["feeds"]:
                raise RemoteError("only /feeds over TCP", 0x85, "ask for it over UDP")
            if message.code not in (coap.FETCH, coap.POST):
                raise RemoteError("this resource cannot do that", 0x85)
            if message.code == coap.POST:
                self._node.gate.fresh(now_ms, message, opened)
            if message.code == coap.FETCH and not opened.payload:
                payload = self._fetched(connection, message, opened)
                connection.send(self._sealed(message, opened, coap.CONTENT, CBOR, payload))
                return False
            if len(self._tasks) >= (MOST_OFFERS if message.code == coap.POST else MOST_TASKS):
                raise RemoteError("busy with other offers and questions", 0xA3, "try again soon")
            work = self._offered if message.code == coap.POST else self._answered
            task = asyncio.get_running_loop().create_task(work(connection, message, opened))
            self._tasks.add(task)
            task.add_done_callback(functools.partial(self._ended, connection, message))
        except RemoteError as error:
            connection.send(self._refusal(message, opened, error))
        return opened is None

    def _user(self, connection: Connection) -> User:
        return self._users.get(connection) or stranger(connection.source[0])

    def failed(self, connection: Connection, message: Message) -> None:
        """Say, signed, that a fault of ours keeps a request from being answered."""
        opened = open_request(self._kit, self._identity.public, message)
        error = RemoteError("a fault of this peer", 0xA0, "what it told its holder says more")
        connection.send(self._refusal(message, opened, error))

    def _met(self, connection: Connection, opened: Opened) -> None:
        self._node.peer.verified += 1
        if connection not in self._known and self._node.contacts.get(opened.sender) is not None:
            self._known[connection] = Bucket(KNOWN_PER_S)
            self._users[connection] = self._fair.peer(opened.sender, connection.source[0])

    def _heads(self, opened: Opened) -> bytes:
        self._node.peer.access.check_read("/feeds", opened.sender)
        return self._kit.encode(self._node.peer.feeds.heads())

    async def _answered(self, connection: Connection, message: Message, opened: Opened) -> None:
        """Answer a FETCH by runs; what the archive has of them is read in another thread."""
        user = self._user(connection)
        archive = self._node.peer.feeds.archive
        try:
            found: Any = {}
            if archive is not None:
                starts = bulk_runs.starts(self._wanted(opened))
                sizes = Sizes(RUN, LARGE, min(bulk_runs.most(message), LARGE))
                found = await bulk_runs.read(archive, self._fair, user, starts, sizes)
            start_s = time.thread_time()
            with archive.ready(found) if archive is not None else contextlib.nullcontext():
                payload = self._fetched(connection, message, opened)
            reply = self._sealed(message, opened, coap.CONTENT, CBOR, payload)
            self._fair.charge(user, time.thread_time() - start_s)
        except RemoteError as error:
            reply = self._refusal(message, opened, error)
        connection.send(reply)

    def _wanted(self, opened: Opened) -> dict[bytes, "int | None"]:
        self._node.peer.access.check_read("/feeds", opened.sender)
        wanted: Any = self._kit.decode(opened.payload)
        check_wishes(wanted)
        return wanted  # type: ignore[no-any-return]

    def _fetched(self, connection: Connection, message: Message, opened: Opened) -> bytes:
        """The body of an answer to FETCH /feeds: heads, or runs as large as is asked for."""
        if not opened.payload:
            self._node.peer.access.check_read("/feeds", opened.sender)
            return self._kit.encode(self._node.peer.feeds.heads())
        wanted = self._wanted(opened)
        room = min(bulk_runs.most(message), LARGE, connection.theirs - OVERHEAD)
        runs: list[list[Any]] = []
        for author in sorted(wanted)[: bulk_check.MOST_RUNS]:
            first = wanted[author]
            while first is not None and len(runs) < bulk_check.MOST_RUNS:
                run = bulk_runs.run(self._node.peer.feeds, author, first, room)
                if run is None or (runs and (run[1] > first or bulk_check.size(run) > room)):
                    break  # what is left out here comes first in the next answer
                room -= bulk_check.size(run)
                runs.append(run)
                first = bulk_check.end(run)
        return bulk_check.packed_all(runs)

    async def _offered(self, connection: Connection, message: Message, opened: Opened) -> None:
        """Check runs that are offered, keep them, and say so once a crash cannot lose them."""
        try:
            values = await asyncio.to_thread(bulk_check.split, opened.payload, MOST_ENTRIES)
            self._admit(values, opened.sender)
            runs, took_s = await asyncio.to_thread(self._checked, values)
            self._fair.charge(self._user(connection), took_s)
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

    def _checked(self, values: list[list[Any]]) -> tuple[list[Run], float]:
        """Runs, checked, and the seconds that it took; in any thread."""
        start_s = time.thread_time()
        runs = [bulk_check.check(self._kit, value, self._node.limits) for value in values]
        return runs, time.thread_time() - start_s

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
        if not task.cancelled() and guard("tcp request", task.result):
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
            return bulk_runs.plain(request, error.code, error.detail)
        payload = problem(self._kit, error)
        reply = self._sealed(request, opened, error.code, PROBLEM, payload)
        if isinstance(error, Stale) and error.echo is not None:
            reply.add(coap.ECHO, error.echo)
        return reply
