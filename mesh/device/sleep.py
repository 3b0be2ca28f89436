"""Deep sleep on a battery: wakes, measures, signs once, hands its run to a peer, sleeps again.

What no peer took stays in the journal until the next time. The holder gets access by Ctrl-C, by
power-on (it stays awake then for a while), or by USB power if the board can detect that.
"""

import asyncio
import sys

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.codec.formats import CBOR
from mesh.core.discovery.contact import UP
from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed.feed import open_head
from mesh.core.kinds import asleep
from mesh.core.security.signed_client import Ask, request_for
from mesh.device import resets, wifi
from mesh.device.wifi_seldom import restart

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.events import Answer
    from mesh.core.policy.settings import Profile
    from mesh.core.security.signed_client import Ask as Asked
    from mesh.device.loop import Loop

LOOK_MS = 50
SENSE_MS = 15_000  # time for all sensors
MEET_MS = 10_000  # time to find a peer that may take the run
ANSWER_MS = 15_000
NEVER_MS = 1 << 60
QUIET_MS = 8000  # time for others to say what they hold of our feed
LEAST_MS = 1000  # shortest sleep
AT_ONCE_MS = 1 << 21  # in one go: a Pico's timer has 32 bits of microseconds
GOOD = (codes.CONTENT, codes.CHANGED)
VBUS = "WL_GPIO2"  # pin of a Pico W and Pico 2 W: high while there is USB power


def has_usb() -> bool:
    """Whether there is USB power; False if unknown."""
    try:
        from machine import Pin  # noqa: PLC0415 - boards only

        return bool(Pin(VBUS, Pin.IN).value())
    except (ImportError, ValueError, AttributeError, TypeError):
        return False


class Sleep:
    """One wake period of a board. leave() says goodbye; tell(what, ...) is the console's."""

    def __init__(
        self,
        loop: "Loop",
        profile: "Profile",
        tell: "Callable[..., None]",
        leave: "Callable[[], None]",
    ) -> None:
        self._loop = loop
        self._node = node = loop.node
        self._tell = tell
        self._leave = leave
        self._profile = profile
        sleep: Any = profile.sleep
        self._every_s, self._to, self._awake_s = sleep
        self._own = node.peer.feeds.own
        if asleep.is_last(node.peer) and resets.cause() != "power on":
            self._awake_s = 0
        if not self._awake_s:
            node.peer.feeds.wait(NEVER_MS)

    async def run(self) -> None:
        """Stay awake as long as needed, then sleep. It does not return."""
        feeds = self._node.peer.feeds
        await asyncio.sleep(self._awake_s)
        await self._until(lambda: not has_usb(), NEVER_MS)
        feeds.wait(NEVER_MS)  # the readings are stored and signed once, below
        await self._until(self._has_measured, SENSE_MS)
        await self._until(lambda: not self._own.quiet, QUIET_MS)
        now_ms = self._loop.now()
        stamp: Any = self._node.clock.stamp(now_ms)
        unix_ms = None if stamp[3] is None else stamp[3] + self._every_s * 1000
        if not self._own.is_full:
            self._node.write(now_ms, asleep.NAME, [self._every_s, unix_ms])
        self._own.keep()
        taken_by = await self._hand_on() if wifi.joined() else None
        self._tell("asleep", seconds=self._every_s, taken=taken_by or "by nobody")
        self._leave()
        await asyncio.sleep_ms(LOOK_MS)  # lets the radio send the last datagrams
        down(max(LEAST_MS, self._every_s * 1000 - awake_ms(self._loop.now())))

    def _has_measured(self) -> bool:
        sensors = self._node.peer.sensors.values()
        return False not in [s.value is not None or s.error is not None for s in sensors]

    async def _until(self, met: "Any", most_ms: int) -> "Any":  # noqa: ANN401 - what met() gives
        end_ms = self._loop.now() + most_ms
        while not (found := met()) and self._loop.now() < end_ms:
            await asyncio.sleep_ms(LOOK_MS)
        return found

    async def _hand_on(self) -> "bytes | None":
        """Hand the new entries to one of the peers that take them. Gives that peer, or None."""
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
            except (RemoteError, LocalError):  # the entries stay in the journal
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
            except RemoteError:  # a wrong answer
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
        """The content of a signed answer. RemoteError if there is none."""
        answers: list[Answer] = []

        def done(_now_ms: int, _ask: "Asked", answer: "Answer") -> None:
            answers.append(answer)

        ask = Ask(peer, address, (CBOR if body else None, body), done)
        self._node.asks.put(self._loop.now(), ask, request_for(code, ["feeds"]))
        self._loop.settle()
        await self._until(lambda: answers, ANSWER_MS)
        if not answers or not answers[0].signed or answers[0].code not in GOOD:
            raise RemoteError("no answer")
        return cbor.decode(answers[0].payload)


def awake_ms(running_ms: int) -> int:
    """Time since the board woke: on boards ticks count from there, and starting takes seconds
    before the program has run for `running_ms`.
    """
    import time  # noqa: PLC0415 - at the end only

    return running_ms if sys.platform == "linux" else time.ticks_ms()  # type: ignore[attr-defined]


def down(ms: int) -> None:
    """Sleep. A board restarts after it, and a virtual one ends here."""
    radio_off()
    try:
        import machine  # noqa: PLC0415 - boards only

        if sys.platform == "rp2":
            in_pieces(machine, ms)
        machine.deepsleep(ms)
    except (ImportError, AttributeError):
        sys.exit(0)


def radio_off() -> None:
    """Take the radio's power away, which a Pico keeps on in deep sleep: active(False) only has the
    driver forget it. An ESP32 has no deinit(), and switches it off by itself.
    """
    restart(wifi.MISHAPS)
    try:
        import network  # noqa: PLC0415 - not on unix

        network.WLAN(network.STA_IF).deinit()  # type: ignore[attr-defined] # of the Pico W
    except (ImportError, AttributeError, OSError, RuntimeError):
        pass


def in_pieces(machine: "Any", ms: int) -> None:  # noqa: ANN401 - a module
    """Sleep on a Pico, and restart, which is all that deepsleep() does there. But that refuses
    more than 71 minutes, and ends at the first interrupt, as of the network's timer.
    """
    import time  # noqa: PLC0415 - boards only

    while ms > 0:
        before = time.ticks_ms()  # type: ignore[attr-defined]
        machine.lightsleep(min(ms, AT_ONCE_MS))
        ms -= time.ticks_diff(time.ticks_ms(), before)  # type: ignore[attr-defined]
    machine.reset()
