"""Outgoing requests from coroutines: each waits for its own response."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.errors import RemoteError
from mesh.core.events import Answer
from mesh.core.full import requests
from mesh.core.node import Node
from mesh.core.security.signed_client import request_for
from mesh.hub.desktop_errors import Unanswered
from mesh.hub.driver import Driver
from mesh.hub.net.interfaces import Address
from mesh.hub.streams import Stream

OBSERVED = 64  # notifications that may wait for one observer
# a notification is valid for 60 s (RFC 7252 s.5.10.5); then the observation is renewed
MAX_AGE_S = 65.0
LOOK_S = 1.0  # silence after which the peer is looked for at other addresses
STEP_S = 0.25  # interval of these checks
STEPS = 4  # how many of them follow the last unsigned answer
DOUBTS = 3  # unsigned ends of an observation, in a row, until it counts as ended


class Questions:
    """Open requests of one node. driver() gives its driver; LocalError while it is stopped."""

    def __init__(self, node: Node, driver: Callable[[], Driver]) -> None:
        self._node = node
        self._asked = requests.Questions(node)
        self._driver = driver
        self._sinks: dict[int, Callable[[Answer], object]] = {}
        self._ends = 0  # how often end() was called

    def answered(self, answer: Answer) -> None:
        """Pass an answer to the coroutine that waits for it."""
        number = answer.number
        sink = self._sinks.get(number) if answer.more else self._sinks.pop(number, None)
        if sink is not None:
            sink(answer)

    def end(self, reason: str) -> None:
        """Fail all open requests, as nothing more is sent."""
        self._ends += 1
        for number in list(self._sinks):
            self.answered(Answer(number, 0, None, b"", False, reason, False))

    async def ask(  # noqa: PLR0913, PLR0917 - all that makes a question
        self,
        peer_id: bytes,
        code: int,
        path: Sequence[str],
        payload: bytes = b"",
        content_format: int | None = None,
        query: Sequence[str] = (),
        timeout: float | None = None,  # noqa: ASYNC109 - seconds; the caller gets a MeshError, as for the rest
    ) -> Answer:
        """Send a signed request to a peer and wait for its signed answer; a code from 0x80 on is a
        refusal with `error` as its reason.

        LocalError if no address of the peer is known, or too many are open. Unanswered after the
        timeout. RemoteError for an answer that is not signed by that peer.
        """

        def put(again: int | None) -> int:
            message = request_for(code, list(path), list(query))
            now_ms = self._driver().now()
            return self._asked.ask(now_ms, peer_id, message, content_format, payload, again)

        answer = await _in_time(self._wherever(peer_id, put), timeout)
        if not answer.signed and answer.code < codes.BAD_REQUEST:
            raise RemoteError(answer.error or "the answer is not signed by that peer", answer.code)
        return answer

    async def get(
        self,
        address: Address,
        path: Sequence[str],
        query: Sequence[str] = (),
        accept: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as above
    ) -> Answer:
        """Send an unsigned request to an address and wait for the answer, which may be anybody's.
        Unanswered after the timeout.
        """
        message = request_for(coap.GET, list(path), list(query))
        if accept is not None:
            message.add(coap.ACCEPT, accept)
        number = self._asked.get(self._driver().now(), address, message)
        return await _in_time(self._answer(number), timeout)

    async def observe(
        self,
        peer_id: bytes,
        path: Sequence[str],
        payload: bytes = b"",
        content_format: int | None = None,
        query: Sequence[str] = (),
    ) -> AsyncGenerator[Answer, None]:
        """Yield what a peer answers now and on each change. The observation ends with the
        iteration.

        Close the iterator (contextlib.aclosing) to end it at once. Notifications on /feeds are not
        signed, as runs are. Errors as in ask(), and when the peer stops answering.
        """
        proven = list(path) == ["feeds"]
        doubts = 0
        while True:
            message = request_for(coap.FETCH, list(path), list(query), True)
            number = self._asked.ask(
                self._driver().now(), peer_id, message, content_format, payload
            )
            async with contextlib.aclosing(self._notifications(number)) as answers:
                async for answer in answers:
                    if answer.signed or (proven and answer.code == codes.CONTENT):
                        doubts = 0
                        yield answer
                        if not answer.more:
                            return
                    elif not answer.more:  # an unsigned end: it may be forged
                        doubts += 1
                        if doubts < DOUBTS:
                            break  # observe anew
                        reason = answer.error or "the answer is not signed by that peer"
                        raise RemoteError(reason, answer.code)

    async def _answer(self, number: int) -> Answer:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        with self._sink(number, _setter(future)):
            return await future

    async def _wherever(self, peer_id: bytes, put: Callable[[int | None], int]) -> Answer:
        """Request of a peer that may have moved. If it is silent, or another answers, it is looked
        for, and asked at its new address as well. The first signed answer counts.
        """
        came: asyncio.Queue[Answer] = asyncio.Queue()
        asked: list[Address | None] = []
        answers: list[Answer] = []
        wait_s, left, ends = LOOK_S, STEPS, self._ends
        first = None
        with contextlib.ExitStack() as sinks:
            while left:
                contact = self._node.contacts.get(peer_id)
                where = contact.address if contact else None
                if not asked or (where and where not in asked):
                    asked.append(where)
                    number = put(first)
                    first = first or number
                    sinks.enter_context(self._sink(number, came.put_nowait))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        answers.append(await came.get())
                if self._ends != ends or (answers and answers[-1].signed):
                    break
                if wait_s == LOOK_S:
                    self._look_for(peer_id)
                    wait_s = STEP_S
                left -= len(answers) == len(asked)
        return answers[-1]

    def _look_for(self, peer_id: bytes) -> None:
        """Have a peer checked at all its known addresses."""
        driver = self._driver()
        self._node.withdrawn(driver.now(), peer_id)
        self._node.tick(driver.now())
        driver.settle()

    async def _notifications(self, number: int) -> AsyncGenerator[Answer, None]:
        stream: Stream[Answer] = Stream(OBSERVED)
        with self._sink(number, stream.put):
            while True:
                try:
                    async with asyncio.timeout(MAX_AGE_S):
                        answer = await anext(stream)
                except TimeoutError:
                    return
                if not answer.code:
                    raise Unanswered(f"no answer: {answer.error}")
                yield answer

    @contextlib.contextmanager
    def _sink(self, number: int, sink: Callable[[Answer], object]) -> Iterator[None]:
        self._sinks[number] = sink
        self._driver().settle()
        try:
            yield
        finally:
            # still there if cancelled before the last answer
            if self._sinks.pop(number, None) is not None:
                driver = self._driver()
                self._asked.cancel(driver.now(), number)
                driver.settle()


async def _in_time(work: Awaitable[Answer], timeout_s: float | None) -> Answer:
    """Wait for an answer. Unanswered after a time."""
    try:
        async with asyncio.timeout(timeout_s):
            answer = await work
    except TimeoutError as error:
        raise Unanswered(f"no answer in {timeout_s} s") from error
    if not answer.code:
        raise Unanswered(f"no answer: {answer.error}")
    return answer


def _setter(future: asyncio.Future[Answer]) -> Callable[[Answer], None]:
    def set_once(answer: Answer) -> None:
        if not future.done():
            future.set_result(answer)

    return set_once
