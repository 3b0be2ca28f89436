"""Asleep most of the time, for a battery: wakes up, measures, signs once, hands its run to a peer.

What nobody took stays in the journal for the next time. The holder gets in by Ctrl-C, by switching
it on (it stays awake then for a while), or by USB power where the board can tell.
"""

import asyncio
import sys

from mesh.core import cbor, coap
from mesh.core.asks import Ask, request_for
from mesh.core.contacts import UP
from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed import open_head, read_entry
from mesh.core.represent import CBOR
from mesh.device import resets, wifi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.asks import Ask as Asked
    from mesh.core.events import Answer
    from mesh.core.settings import Profile
    from mesh.device.board import Board

LOOK_MS = 50
SENSE_MS = 15_000  # for all sensors
MEET_MS = 10_000  # for one of those who may take the run to answer
ANSWER_MS = 15_000
NEVER_MS = 1 << 60
QUIET_MS = 8000  # for others to say what they hold of us
LEAST_MS = 1000  # asleep
GOOD = (coap.CONTENT, coap.CHANGED)
VBUS = "WL_GPIO2"  # of a Pico W and Pico 2 W: on while there is power by USB


def has_usb() -> bool:
    """Whether there is power by USB; False where that cannot be told."""
    try:
        from machine import Pin  # noqa: PLC0415 - boards only

        return bool(Pin(VBUS, Pin.IN).value())
    except (ImportError, ValueError, AttributeError, TypeError):
        return False


class Sleep:
    """One waking of a board."""

    def __init__(self, board: "Board", profile: "Profile") -> None:
        self._board = board
        self._node = board.node
        self._profile = profile
        sleep: Any = profile.sleep
        self._every_s, self._to, self._awake_s = sleep
        self._own = own = board.node.peer.feeds.own
        last = read_entry(board.node.peer.kit, own.newest)[2] if own.newest else ""
        if last == "asleep" and resets.cause() != "power on":
            self._awake_s = 0
        if not self._awake_s:
            board.node.peer.feeds.due_ms = NEVER_MS

    async def run(self) -> None:
        """Be awake for as long as it takes. It does not return."""
        feeds = self._node.peer.feeds
        await asyncio.sleep(self._awake_s)
        await self._until(lambda: not has_usb(), NEVER_MS)
        feeds.due_ms = NEVER_MS  # what was measured is written and signed once, below
        await self._until(self._has_measured, SENSE_MS)
        await self._until(lambda: not self._own.quiet, QUIET_MS)
        now_ms = self._board.loop.now()
        stamp: Any = self._node.clock.stamp(now_ms)
        unix_ms = None if stamp[3] is None else stamp[3] + self._every_s * 1000
        if not self._own.is_full:
            self._own.append(stamp, "asleep", [self._every_s, unix_ms])
        self._own.keep()
        taken_by = await self._hand_on() if wifi.joined() else None
        self._board.tell("asleep", seconds=self._every_s, taken=taken_by or "by nobody")
        self._board.stop()
        await asyncio.sleep_ms(LOOK_MS)  # what was sent last leaves the radio
        down(max(LEAST_MS, self._every_s * 1000 - self._board.loop.now()))

    def _has_measured(self) -> bool:
        sensors = self._node.peer.sensors.values()
        return False not in [s.value is not None or s.error is not None for s in sensors]

    async def _until(self, met: "Any", most_ms: int) -> "Any":  # noqa: ANN401 - what met() gives
        end_ms = self._board.loop.now() + most_ms
        while not (found := met()) and self._board.loop.now() < end_ms:
            await asyncio.sleep_ms(LOOK_MS)
        return found

    async def _hand_on(self) -> "bytes | None":
        """Hand what is new to one of those who take it; who that was, or None."""
        tried: list[bytes] = []

        def ready() -> "Any":  # noqa: ANN401 - a contact, or None
            for contact in self._node.contacts.proven():
                peer = contact.peer
                if contact.state == UP and peer not in tried and peer in (self._to or [peer]):
                    return contact
            return None

        while contact := await self._until(ready, MEET_MS):
            tried.append(contact.peer)
            try:
                if await self._hand_to(contact.peer, contact.address):
                    return contact.peer
            except (RemoteError, LocalError):  # it stays in the journal
                pass
        return None

    async def _hand_to(self, peer: bytes, address: "tuple[str, int]") -> bool:
        own = self._own
        kit = self._node.peer.kit
        first = 1
        heads: Any = await self._ask(peer, address, coap.FETCH, b"")
        for head in heads if isinstance(heads, list) else ():
            try:
                first = max(first, open_head(kit, own.author, head)[0] + 1)
            except RemoteError:  # somebody else's
                pass
        while first < own.next_seq:
            run = self._node.peer.feeds.run(own.author, first)
            if run is None:
                return False
            held: Any = await self._ask(peer, address, coap.POST, cbor.encode([run]))
            upto = held.get(own.author) if isinstance(held, dict) else None
            if not isinstance(upto, int) or upto < first:
                return False
            first = upto + 1
        return True

    async def _ask(
        self, peer: bytes, address: "tuple[str, int]", code: int, body: bytes
    ) -> object:
        """The content of a signed answer; RemoteError if there is none."""
        answers: list[Answer] = []

        def done(_now_ms: int, _ask: "Asked", answer: "Answer") -> None:
            answers.append(answer)

        ask = Ask(peer, address, (CBOR if body else None, body), done)
        self._node.asks.put(self._board.loop.now(), ask, request_for(code, ["feeds"]))
        self._board.loop.settle()
        await self._until(lambda: answers, ANSWER_MS)
        if not answers or not answers[0].signed or answers[0].code not in GOOD:
            raise RemoteError("no answer")
        return cbor.decode(answers[0].payload)


def down(ms: int) -> None:
    """Sleep; a board starts anew after it, and a virtual one ends here."""
    try:
        import machine  # noqa: PLC0415 - boards only

        machine.deepsleep(ms)
    except (ImportError, AttributeError):
        sys.exit(0)
