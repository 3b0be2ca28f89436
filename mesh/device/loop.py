"""Event loop of one node: passes in datagrams and time, sends datagrams, hands out events
(mesh/core/node.py).
"""

import asyncio
import gc

from mesh.core.kit import NO_ROOM
from mesh.core.node import COAP, GROUP, MIXED
from mesh.device.faults import Faults
from mesh.device.lacking import DATAGRAM, TURN, Memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.node import Node
    from mesh.device.sockets import Socket

NON = 5  # version 1, type NON: the first four bits (RFC 7252 s.3)
GET = 1
BATCH = 8  # datagrams before other tasks may run, also under a flood
REST_MS = 1000  # least pause before a failed job is tried again
LONGEST_MS = 60_000  # longest wait, as ticks wrap


def is_for_group(data: bytes) -> bool:
    """Guess whether a datagram came by the group, as boards do not tell. After a wrong guess the
    answer is only delayed.
    """
    return len(data) > 1 and data[0] >> 4 == NON and data[1] == GET and b".well-known" in data


class Loop:
    """`sockets`: {channel: Socket}; `tell` gets each event; `now` gives ms since boot; `faults`
    isolates faults, so that an exception in one datagram, job or event ends no other.
    """

    def __init__(
        self,
        node: "Node",
        sockets: "dict[int, Socket]",
        tell: "Callable[[object], None]",
        now: "Callable[[], int]",
        faults: "Faults | None" = None,
    ) -> None:
        self.node = node
        self.now = now
        self.mixed = False  # whether the CoAP socket also receives from the group, as on boards
        self._sockets = sockets
        self._tell = tell
        self.faults = faults or Faults(lambda *_, **__: None, now)
        self.faults.at_storm(self.end)
        self._memory = Memory(node, self.faults, now, self.end)
        self._jobs: list[list[Any]] = []  # [due ms, every ms, job]
        self.until = 0  # when it wakes up next, in ms
        self.heard_ms = 0  # when the last datagram came
        self._asleep: Any = None  # our task, while it sleeps
        self.crash: BaseException | None = None

    def every(self, every_ms: int, job: "Callable[[int], int | None]") -> None:
        """Call job(now_ms) every so many ms, or after as many ms as it returns; first at the next
        turn, as a board's stack (8 KB) has no room for it within what calls this.
        """
        self._jobs.append([0, every_ms, job])
        self.until = 0
        self.wake()

    def _work(self, job: "list[Any]", now_ms: int) -> None:
        again = job[2](now_ms)
        # now(), as the job took time
        job[0] = now_ms + job[1] if again is None else self.now() + again

    def also(self, make: "Callable[[], Any]") -> None:
        """Run the coroutine that make() gives as a task. If it fails, it is made again."""
        asyncio.create_task(self.faults.keep("task", make))  # noqa: RUF006 - asyncio has it

    def end(self, error: BaseException) -> None:
        """Have run() end by this error."""
        self.crash = error
        self.wake()

    def settle(self) -> None:
        """Send datagrams and hand out events. To be called after each call of the node."""
        node = self.node
        while (sending := node.next_send()) is not None:
            self._sockets[sending[0]].send(sending[1], sending[2])
        while (event := node.next_event()) is not None:
            self.faults("event", self._tell, event)
        at = node.wake_at()
        if at is not None and at < self.until:
            self.wake()

    async def run(self) -> None:
        """Run for ever. Raises what a task cannot handle."""
        events = asyncio.get_event_loop()
        before = events.get_exception_handler()
        events.set_exception_handler(self._crashed)
        for channel in self._sockets:
            self._listen_at(channel)
        try:
            while self.crash is None:
                try:
                    self.turn()
                    await self._sleep()
                except MemoryError:
                    gc.collect()
        finally:
            events.set_exception_handler(before)
        raise self.crash

    def turn(self) -> int:
        """Do what is due. Gives when the next is."""
        before = self.faults.lacks
        lacked = False
        try:
            self._turn()
        except MemoryError:
            lacked = True
            self.until = self.now() + REST_MS
        self._memory.look(TURN, lacked or self.faults.lacks != before)
        return self.until

    def _turn(self) -> None:
        now_ms = self.now()
        for job in self._jobs:
            if job[0] <= now_ms:
                job[0] = now_ms + max(job[1], REST_MS)  # set first, in case it fails
                if self.faults("job", self._work, job, now_ms) == NO_ROOM:
                    job[0] = now_ms + REST_MS
        self.faults("tick", self.node.tick, now_ms)
        self.faults("settle", self.settle)
        gc.collect()  # often, while there is time: see STEP in main.py
        due = [job[0] for job in self._jobs] + [self.now() + LONGEST_MS]
        at = self.node.wake_at()
        self.until = min(due + ([] if at is None else [at]))

    async def _sleep(self) -> None:
        """Wait until a time, or for wake().

        asyncio's wait_for() with an Event creates two tasks each time, which is garbage at every
        turn; and if there is no memory for them, what they raise may end this task unnoticed.
        """
        self._asleep = asyncio.current_task()
        try:
            await asyncio.sleep_ms(max(0, self.until - self.now()))
        finally:
            self._asleep = None

    def wake(self) -> None:
        """Let run() continue now, in the way in which asyncio cancels a task."""
        task, self._asleep = self._asleep, None
        if task is not None:
            queue = asyncio.core._task_queue  # type: ignore[attr-defined]
            queue.remove(task)
            queue.push(task)

    def _listen_at(self, channel: int) -> None:
        self.also(lambda: self._listen(channel, self._sockets[channel]))

    async def _listen(self, channel: int, sock: "Socket") -> None:
        while True:
            for _ in range(BATCH):
                try:
                    data, source = await sock.receive()
                except MemoryError:
                    self._memory.look(DATAGRAM, True)
                    break
                self.heard_ms = self.now()
                came = channel
                if self.mixed and channel == COAP:
                    came = GROUP if is_for_group(data) else MIXED
                self.take(came, source, data)
            gc.collect()
            await asyncio.sleep_ms(0)

    def take(self, channel: int, source: "tuple[str, int]", data: bytes) -> None:
        """Pass a datagram to the node. If memory runs out, it counts as lost; else a crowd of
        strangers could end a board.
        """
        before = self.faults.lacks
        self.faults("datagram", self.node.receive, self.now(), channel, source, data)
        self.faults("settle", self.settle)
        self._memory.look(DATAGRAM, self.faults.lacks != before)

    def _crashed(self, _: object, context: "dict[str, Any]") -> None:
        error: BaseException = context["exception"]
        if isinstance(error, Exception) and not isinstance(error, MemoryError):
            self.faults.note("task", error)
        else:
            self.end(error)
