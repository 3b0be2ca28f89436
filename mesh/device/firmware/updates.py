"""Looks for updates of firmware and settings at chosen peers, and decides on them.

The holder's settings choose the peers. No message makes a board do more than look.
"""

import asyncio
import os

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.discovery.contact import UP
from mesh.core.errors import LocalError, MeshError, RemoteError
from mesh.core.security.signed_client import Ask, request_for
from mesh.device.firmware.asked import NoAnswer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.discovery.contact import Contact
    from mesh.core.events import Answer
    from mesh.core.policy.settings import Profile
    from mesh.device.console import Console
    from mesh.device.firmware.asked import Boot
    from mesh.device.loop import Loop

FIRST_MS, PAUSE_MS = 250, 16_000
AGAIN_MS = 60_000  # retry after no answer
TRIAL_MS = 1000  # interval of checks while settings are on trial
MOVED_MS = 1000  # silence after which the peer is looked for at other addresses
MOST_OFFERS = 4
OTHER_SETTINGS = (
    "this board's settings are changed by chosen peers only",
    codes.FORBIDDEN,
    "its holder can list you under settings_from",
)


class Updates:
    """Looks for offers now and then; install.py and resetting.py handle them. leave() says
    goodbye; read(safe, path) reads settings, as mesh.device.main does.

    boot: what swaps the firmware. firmware_of, settings_of: whose offers of that are taken.
    rights: what settings over the mesh must leave unchanged, as [(section, value)]; secret: names
    of sections that are not told either.
    """

    def __init__(
        self,
        loop: "Loop",
        profile: "Profile",
        boot: "Boot",
        console: "Console",
        leave: "Callable[[], None]",
        read: "Callable[[bool, str], tuple[Profile, dict[str, Any], Any]]",
    ) -> None:
        self.loop = loop
        self.node = loop.node
        self.firmware_of = profile.updates
        self.settings_of = profile.settings_from
        self.rights = self.rights_of(profile)
        self.secret = profile.secret
        self.boot = boot
        self.console = console
        self.leave = leave
        self.read = read
        self._due = dict.fromkeys(self.firmware_of + self.settings_of, 0)
        self._hint = asyncio.Event()
        offered = self._offered if self.settings_of else None
        self.node.peer.provide(offered=offered, hinted=self._hinted)
        self.node.peer.more["features"].append("updates")
        if boot.update:
            self.node.peer.more["update"] = boot.update
        self._trial = self._began()
        self._late_ms = self.loop.now() + self._trial.get("wait_ms", 0)

    @staticmethod
    def rights_of(profile: "Profile") -> "list[tuple[str, object]]":
        """The sections that settings over the mesh must leave unchanged."""
        return [(key, getattr(profile, key)) for key in profile.fixed]

    def _began(self) -> "dict[str, Any]":
        """The settings on trial, as in mesh.device.firmware.trial; or {}."""
        try:
            os.stat("settings.trial")
        except OSError:
            return {}
        from mesh.device.firmware.trial import TRIAL, read  # noqa: PLC0415 - heap only where it is used

        state = read()
        self.show(state)
        return state if state.get("state") == TRIAL else {}

    def show(self, state: "dict[str, Any]") -> None:
        """Show the state of offered settings, in /peer and on the console."""
        shown = {key: state[key] for key in ("state", "made", "why") if key in state}
        if shown:
            self.node.peer.more["settings"] = shown
            self.console.tell("settings", **shown)

    def _offered(self, who: bytes, wish: object) -> object:
        """Give the present settings to a peer that may change them."""
        if who not in self.settings_of:
            raise RemoteError(*OTHER_SETTINGS)
        from mesh.device.firmware.resetting import told  # noqa: PLC0415 - heap only where it is used

        return told(wish, self.secret)

    def _hinted(self, now_ms: int, who: bytes, what: object) -> None:
        if what == "settings":
            if who not in self.settings_of:
                raise RemoteError(*OTHER_SETTINGS)
        elif who not in self.firmware_of:
            raise RemoteError(
                "this board takes updates from chosen peers only",
                codes.FORBIDDEN,
                "its holder can list you under updates",
            )
        self._due[who] = now_ms
        self._hint.set()

    async def run(self) -> None:
        """Look for ever, first soon after the start. A firmware on trial looks for no other."""
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
            from mesh.device.firmware.trial import end  # noqa: PLC0415 - heap only where it is used

            end(self._trial, "who gave them did not answer in time")
            self.leave()
            self.boot.restart()

    def _answered(self, peer: bytes) -> None:
        """Confirm settings on trial when the peer that gave them has answered: it can correct
        them.
        """
        if self._trial.get("by") == peer.hex():
            from mesh.device.firmware.trial import good  # noqa: PLC0415 - heap only where it is used

            good(self._trial)
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
        """Pass an offer to the code for its kind, imported only then."""
        from mesh.core.resources.proposal import is_one  # noqa: PLC0415

        if is_one(self.node.peer.kit, offer):
            from mesh.device.firmware.resetting import Resetting  # noqa: PLC0415

            await Resetting(self, peer).consider(offer)  # type: ignore[arg-type]
        else:
            from mesh.device.firmware.install import Taking  # noqa: PLC0415

            await Taking(self, peer).consider(offer)

    async def ask(self, peer: bytes, wish: object) -> object:
        """Request /updates of a peer. NoAnswer; RemoteError if it refuses."""
        contact = self.node.contacts.get(peer)
        if contact is None or contact.address is None:
            raise NoAnswer("address not known")
        answer = await self._answer(contact, wish)
        if not answer.signed:  # unsigned: ignored
            raise NoAnswer(answer.error or "no signature")
        self._answered(peer)
        if answer.code != codes.CONTENT:
            raise RemoteError(answer.error or "refused")
        return cbor.decode(answer.payload)

    async def _answer(self, contact: "Contact", wish: object) -> "Answer":
        """The answer of a peer. If it has moved meanwhile, it is asked at its new address too.
        NoAnswer.
        """
        answers: list[Answer] = []
        come = asyncio.Event()
        at: tuple[str, int] | None = None
        body = (None, b"") if wish is None else (60, cbor.encode(wish))

        def done(_now_ms: int, ask: Ask, answer: "Answer") -> None:
            nonlocal at
            if answer.signed or ask.address == contact.address:
                answers.append(answer)
                come.set()
            elif ask.address == at:
                at = None  # it may return to the former address

        while not answers:
            if contact.address and contact.address != at:
                at = contact.address
                self._put(Ask(contact.peer, at, body, done))
            try:
                await asyncio.wait_for_ms(come.wait(), MOVED_MS)
            except asyncio.TimeoutError:
                pass
        return answers[0]

    def _put(self, ask: Ask) -> None:
        try:
            self.node.asks.put(self.loop.now(), ask, request_for(coap.FETCH, ["updates"]))
        except LocalError as error:
            raise NoAnswer(error.detail)
        self.loop.settle()
