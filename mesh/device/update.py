"""New firmware over the mesh: this board looks at what chosen peers offer, and decides by itself.

Its holder's settings choose them. Nothing that anybody sends makes a board do more than look.
"""

import asyncio

from mesh.core import cbor, coap
from mesh.core.asks import Ask, request_for
from mesh.core.contacts import UP
from mesh.core.errors import LocalError, MeshError, RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.events import Answer
    from mesh.core.settings import Profile
    from mesh.device.console import Console
    from mesh.device.loop import Loop
    from mesh.device.start import Boot

FIRST_MS, PAUSE_MS = 250, 16_000
AGAIN_MS = 60_000  # after no answer
MOST_OFFERS = 4


class NoAnswer(RemoteError):
    """Nobody can be asked now: what is there is kept, and it goes on later."""


class Updates:
    """Looks for bundles now and then; what is new is for mesh.device.taking. `leave`: say goodbye.

    boot: what swaps the firmware. chosen: whose offers are taken.
    """

    def __init__(
        self,
        loop: "Loop",
        profile: "Profile",
        boot: "Boot",
        console: "Console",
        leave: "Callable[[], None]",
    ) -> None:
        self.loop = loop
        self.node = loop.node
        self.chosen = profile.updates
        self.boot = boot
        self.console = console
        self.leave = leave
        self._due = dict.fromkeys(self.chosen, 0)
        self._hint = asyncio.Event()
        self.node.peer.hinted = self._hinted
        if boot.update:
            self.node.peer.more["update"] = boot.update

    def _hinted(self, now_ms: int, who: bytes) -> None:
        if who not in self.chosen:
            raise RemoteError(
                "this board takes updates from chosen peers only",
                0x83,
                "its holder can list you under updates",
            )
        self._due[who] = now_ms
        self._hint.set()

    async def run(self) -> None:
        """Look for ever, soon after the start too. A firmware on trial looks for no other."""
        pause_ms = FIRST_MS
        while True:
            try:
                await asyncio.wait_for_ms(self._hint.wait(), pause_ms)
            except asyncio.TimeoutError:
                pass
            pause_ms = min(2 * pause_ms, PAUSE_MS)
            self._hint.clear()
            for peer in self.chosen:
                contact = self.node.contacts.get(peer)
                is_due = self.loop.now() >= self._due[peer] and not self.boot.on_trial
                if is_due and contact is not None and contact.state == UP:
                    self._due[peer] = self.loop.now() + self.node.limits.look_ms
                    await self._look(peer)

    async def _look(self, peer: bytes) -> None:
        try:
            offers = await self.ask(peer, None)
            if not isinstance(offers, list):
                raise RemoteError("offers are no list")
            for offer in offers[:MOST_OFFERS]:
                from mesh.device.taking import Taking  # noqa: PLC0415 - heap only where it is used

                await Taking(self, peer).consider(offer)
        except NoAnswer:
            self._due[peer] = self.loop.now() + AGAIN_MS
        except (MeshError, OSError) as error:
            self.console.tell("update", state="refused", why=str(error))

    async def ask(self, peer: bytes, wish: object) -> object:
        """What a peer says at /updates. NoAnswer if it says nothing; RemoteError if it refuses."""
        contact = self.node.contacts.get(peer)
        if contact is None or contact.address is None:
            raise NoAnswer("no address of that peer is known")
        answers: list[Answer] = []
        come = asyncio.Event()

        def done(_now_ms: int, _ask: Ask, answer: "Answer") -> None:
            answers.append(answer)
            come.set()

        body = (None, b"") if wish is None else (60, cbor.encode(wish))
        try:
            ask = Ask(peer, contact.address, body, done)
            self.node.asks.put(self.loop.now(), ask, request_for(coap.FETCH, ["updates"]))
        except LocalError as error:
            raise NoAnswer(error.detail)
        self.loop.settle()
        await come.wait()
        answer = answers[0]
        if not answer.signed:  # from anybody there: it says nothing
            raise NoAnswer(answer.error or "no signature")
        if answer.code != coap.CONTENT:
            raise RemoteError(answer.error or "refused")
        return cbor.decode(answer.payload)
