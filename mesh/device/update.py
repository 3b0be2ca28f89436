"""Firmware and settings over the mesh: this board looks at what chosen peers offer, and decides.

Its holder's settings choose them. Nothing that anybody sends makes a board do more than look.
"""

import asyncio
import os

from mesh.core import cbor, coap
from mesh.core.asks import Ask, request_for
from mesh.core.contacts import UP
from mesh.core.errors import LocalError, MeshError, RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.events import Answer
    from mesh.core.settings import Profile
    from mesh.device.console import Console
    from mesh.device.loop import Loop
    from mesh.device.start import Boot

FIRST_MS, PAUSE_MS = 250, 16_000
AGAIN_MS = 60_000  # after no answer
TRIAL_MS = 1000  # between looks at who gave settings that are on trial
MOST_OFFERS = 4
OTHER_SETTINGS = (
    "this board's settings are changed by chosen peers only",
    0x83,
    "its holder can list you under settings_from",
)


class NoAnswer(RemoteError):
    """Nobody can be asked now: what is there is kept, and it goes on later."""


class Updates:
    """Looks for bundles now and then; what is new is for mesh.device.taking. `leave`: say goodbye.

    boot: what swaps the firmware. firmware_of, settings_of: whose offers of that are taken.
    rights: what settings that come over the mesh must leave as it is.
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
        self.firmware_of = profile.updates
        self.settings_of = profile.settings_from
        self.rights = self.rights_of(profile)
        self.boot = boot
        self.console = console
        self.leave = leave
        self._due = dict.fromkeys(self.firmware_of + self.settings_of, 0)
        self._hint = asyncio.Event()
        self.node.peer.hinted = self._hinted
        if boot.update:
            self.node.peer.more["update"] = boot.update
        self._trial = self._began()
        self._late_ms = self.loop.now() + self._trial.get("wait_ms", 0)
        if self.settings_of:
            self.node.peer.offered = self._offered

    @staticmethod
    def rights_of(profile: "Profile") -> "list[object]":
        """Who may change what, by these settings."""
        return [profile.introduced_by, profile.updates, profile.settings_from]

    def _began(self) -> "dict[str, Any]":
        """The settings that are on trial, as mesh.device.trial has them; or {}."""
        try:
            os.stat("settings.trial")
        except OSError:
            return {}
        from mesh.device import trial  # noqa: PLC0415 - heap only where it is used

        state = trial.read()
        self.show(state)
        return state if state.get("state") == trial.TRIAL else {}

    def show(self, state: "dict[str, Any]") -> None:
        """Tell what becomes of offered settings, in /peer and on the console."""
        shown = {key: state[key] for key in ("state", "made", "why") if key in state}
        if shown:
            self.node.peer.more["settings"] = shown
            self.console.tell("settings", **shown)

    def _offered(self, who: bytes, wish: object) -> object:
        """The settings as they are, to who may change them."""
        if who not in self.settings_of:
            raise RemoteError(*OTHER_SETTINGS)
        from mesh.device.resetting import told  # noqa: PLC0415 - heap only where it is used

        return told(wish)

    def _hinted(self, now_ms: int, who: bytes, what: object) -> None:
        if what == "settings":
            if who not in self.settings_of:
                raise RemoteError(*OTHER_SETTINGS)
        elif who not in self.firmware_of:
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
            pause_ms = min(2 * pause_ms, TRIAL_MS if self._trial else PAUSE_MS)
            self._hint.clear()
            self._take_back_late()
            for peer in self._due:
                contact = self.node.contacts.get(peer)
                is_due = self.loop.now() >= self._due[peer] and not self.boot.on_trial
                if is_due and contact is not None and contact.state == UP:
                    self._due[peer] = self.loop.now() + self.node.limits.look_ms
                    await self._look(peer)

    def _take_back_late(self) -> None:
        if self._trial and self.loop.now() > self._late_ms:
            from mesh.device import trial  # noqa: PLC0415 - heap only where it is used

            trial.end(self._trial, "who gave them did not answer in time")
            self.leave()
            self.boot.restart()

    def _answered(self, peer: bytes) -> None:
        """Settings on trial are good once who gave them has answered: he can give others."""
        if self._trial.get("by") == peer.hex():
            from mesh.device import trial  # noqa: PLC0415 - heap only where it is used

            trial.good(self._trial)
            self.show(self._trial)
            self._trial = {}

    async def _look(self, peer: bytes) -> None:
        try:
            offers = await self.ask(peer, None)
            if not isinstance(offers, list):
                raise RemoteError("offers are no list")
            for offer in offers[:MOST_OFFERS]:
                await self._consider(peer, offer)
        except NoAnswer:
            self._due[peer] = self.loop.now() + (TRIAL_MS if self._trial else AGAIN_MS)
        except (MeshError, OSError) as error:
            self.console.tell("update", state="refused", why=str(error))

    async def _consider(self, peer: bytes, offer: object) -> None:
        """Have an offer looked at by what is for its kind; each is heap only where it is used."""
        from mesh.core.proposal import is_one  # noqa: PLC0415

        if is_one(self.node.peer.kit, offer):
            from mesh.device.resetting import Resetting  # noqa: PLC0415

            await Resetting(self, peer).consider(offer)  # type: ignore[arg-type]
        else:
            from mesh.device.taking import Taking  # noqa: PLC0415

            await Taking(self, peer).consider(offer)

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
        self._answered(peer)
        if answer.code != coap.CONTENT:
            raise RemoteError(answer.error or "refused")
        return cbor.decode(answer.payload)
