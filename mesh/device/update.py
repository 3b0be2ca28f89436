"""New firmware over the mesh: this board looks at what chosen peers offer, and decides by itself.

Its holder's settings choose them. Nothing that anybody sends makes a board do more than look.
"""

import asyncio
import json

from mesh.core import cbor, coap
from mesh.core.asks import Ask, request_for
from mesh.core.contacts import UP
from mesh.core.errors import LocalError, MeshError, RemoteError
from mesh.device import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.bundle import Bundle, File
    from mesh.core.events import Answer
    from mesh.core.settings import Profile
    from mesh.device.console import Console
    from mesh.device.loop import Loop
    from mesh.device.staging import Slot
    from mesh.device.start import Boot

SEEN = "updates"  # the file with the highest number of each signer that was taken or refused
ABOUT = ("firmware.json", "/rom/firmware.json")
FIRST_MS, PAUSE_MS = 250, 16_000
AGAIN_MS = 60_000  # after no answer
GOODBYE_MS = 1500  # in which who watches can see that all is staged
PIECE = 1024  # bytes
TRIES = 5  # of one piece
MOST_OFFERS = 4


class NoAnswer(RemoteError):
    """Nobody can be asked now: what is there is kept, and it goes on later."""


class Updates:
    """Looks for bundles now and then, and fetches one that is wanted. `leave` says goodbye."""

    def __init__(
        self,
        loop: "Loop",
        profile: "Profile",
        boot: "Boot",
        console: "Console",
        leave: "Callable[[], None]",
    ) -> None:
        self._loop = loop
        self._node = loop.node
        self._from = profile.updates
        self._kind: str = getattr(profile, "board", "")
        self._boot = boot
        self._console = console
        self._leave = leave
        self._due = dict.fromkeys(self._from, 0)
        self._is_staged = False
        self._hint = asyncio.Event()
        self._node.peer.hinted = self._hinted
        if boot.update:
            self._node.peer.more["update"] = boot.update

    def _hinted(self, now_ms: int, who: bytes) -> None:
        if who not in self._from:
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
            for peer in self._from:
                contact = self._node.contacts.get(peer)
                is_due = self._loop.now() >= self._due[peer] and not self._boot.on_trial
                if is_due and contact is not None and contact.state == UP:
                    self._due[peer] = self._loop.now() + self._node.limits.look_ms
                    await self._look(peer)

    async def _look(self, peer: bytes) -> None:
        try:
            offers = await self._ask(peer, None)
            if not isinstance(offers, list):
                raise RemoteError("offers are no list")
            for offer in offers[:MOST_OFFERS]:
                await self._consider(peer, offer)
        except NoAnswer:
            self._due[peer] = self._loop.now() + AGAIN_MS
        except MeshError as error:
            self._console.tell("update", state="refused", why=error.detail)

    async def _consider(self, peer: bytes, offer: "Any") -> None:  # noqa: ANN401 - from outside
        """Look at one offer, and take it if it is for this board and new."""
        from mesh.core.bundle import check  # noqa: PLC0415 - heap only where it is used

        if not isinstance(offer, bytes):
            raise RemoteError("an offer is no byte string")
        bundle = check(self._node.peer.kit, offer)
        if bundle.signer not in self._from:
            raise RemoteError("an update signed by somebody of whom this board takes none")
        seen = _seen()
        if bundle.made > seen.get(bundle.signer, -1) and await self._take(peer, bundle, offer):
            seen[bundle.signer] = bundle.made
            known = {who: seen[who] for who in self._from if who in seen}
            identity.write(SEEN, cbor.encode(known))
            if self._is_staged:
                await self._restart(bundle)

    async def _take(self, peer: bytes, bundle: "Bundle", offer: bytes) -> bool:
        """Stage an update, or refuse it with the reason in /peer; whether that is for good."""
        from mesh.device.staging import NoRoom, Slot  # noqa: PLC0415 - as above

        try:
            if not self._has(bundle):
                await self._fetch(peer, bundle, Slot(self._boot.free_slot()), offer)
        except NoAnswer:
            self._tell(bundle, "waiting", why="the peer that offers it does not answer")
            raise
        except (NoRoom, OSError) as error:
            self._tell(bundle, "refused", why=str(error))
            return False  # the next look may find room
        except RemoteError as error:
            self._tell(bundle, "refused", why=error.detail)
        return True

    def _has(self, bundle: "Bundle") -> bool:
        """Whether that firmware runs already. RemoteError if it is for another kind of board."""
        kind = self._kind or _kind()
        if bundle.board != kind:
            own = kind or "of no kind that it knows: firmware.json is missing"
            raise RemoteError(f"it is for the board {bundle.board}, and this one is {own}")
        try:
            from mesh.version import VERSION  # type: ignore[import-not-found] # noqa: PLC0415
        except ImportError:
            return False
        if bundle.version == VERSION:
            self._tell(bundle, "good")
        return bool(bundle.version == VERSION)

    async def _fetch(self, peer: bytes, bundle: "Bundle", slot: "Slot", offer: bytes) -> None:
        """Put the update together, and go on where it was left."""
        import mesh  # noqa: PLC0415 - for where the firmware that runs has its files
        from mesh.core.bundle import File  # noqa: PLC0415 - as above

        running = str(mesh.__path__).rpartition("mesh")[0] or "."
        self._tell(bundle, "fetching")
        slot.begin(offer, bundle.digest)
        await self._get(peer, slot, File("list", bundle.size, bundle.digest))
        count = slot.check()
        for done, file in enumerate(slot.files()):
            self._show(bundle, "fetching", done=done, all=count)
            if not slot.holds(file) and not slot.copy(file, running):
                await self._get(peer, slot, file)
            await asyncio.sleep_ms(0)  # others have their turn
        self._is_staged = True
        self._tell(bundle, "staged", done=count, all=count)

    async def _get(self, peer: bytes, slot: "Slot", file: "File") -> None:
        """Fetch what is missing of a file. What was there may be damaged: then all of it, once."""
        there = slot.size(file.path)
        await self._pieces(peer, slot, file, there)
        if there and not slot.holds(file):
            await self._pieces(peer, slot, file, 0)
        if not slot.holds(file):
            slot.drop(file.path)
            raise RemoteError(file.path + " has another hash than was signed")

    async def _pieces(self, peer: bytes, slot: "Slot", file: "File", at: int) -> None:
        if not 0 < at <= file.size:
            at = 0
            slot.drop(file.path)
            slot.append(file.path, b"")
        while at < file.size:
            piece = await self._piece(peer, [file.digest, at, PIECE])
            if not 0 < len(piece) <= min(PIECE, file.size - at):
                raise RemoteError(file.path + ": a piece of another size")
            slot.append(file.path, piece)
            at += len(piece)

    async def _piece(self, peer: bytes, wish: "list[object]") -> bytes:
        for left in range(TRIES - 1, -1, -1):
            try:
                piece = await self._ask(peer, wish)
                if isinstance(piece, bytes):
                    return piece
                raise RemoteError("a piece is no byte string")
            except NoAnswer:
                if not left:
                    raise
                await asyncio.sleep_ms(AGAIN_MS // 60)
        return b""

    async def _ask(self, peer: bytes, wish: object) -> object:
        """What a peer says at /updates. NoAnswer if it says nothing; RemoteError if it refuses."""
        contact = self._node.contacts.get(peer)
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
            self._node.asks.put(self._loop.now(), ask, request_for(coap.FETCH, ["updates"]))
        except LocalError as error:
            raise NoAnswer(error.detail)
        self._loop.settle()
        await come.wait()
        answer = answers[0]
        if not answer.signed:  # from anybody there: it says nothing
            raise NoAnswer(answer.error or "no signature")
        if answer.code != coap.CONTENT:
            raise RemoteError(answer.error or "refused")
        return cbor.decode(answer.payload)

    async def _restart(self, bundle: "Bundle") -> None:
        update: dict[str, Any] = {"version": bundle.version, "made": bundle.made}
        trial_s = self._node.limits.trial_ms // 1000
        self._boot.stage(self._boot.free_slot(), update, trial_s)
        await asyncio.sleep_ms(GOODBYE_MS)
        self._leave()
        self._boot.restart()

    def _tell(self, bundle: "Bundle", state: str, **more: "Any") -> None:  # noqa: ANN401 - plain
        self._show(bundle, state, **more)
        self._console.tell("update", state=state, version=bundle.version, **more)

    def _show(self, bundle: "Bundle", state: str, **more: "Any") -> None:  # noqa: ANN401 - plain
        about = {"state": state, "version": bundle.version, "made": bundle.made}
        about.update(more)
        self._node.peer.more["update"] = about


def _seen() -> "dict[bytes, int]":
    try:
        known: Any = cbor.decode(identity.read(SEEN) or b"\xa0")
    except MeshError:  # damaged: then an old offer could be taken once more, of chosen peers only
        return {}
    return known if isinstance(known, dict) else {}


def _kind() -> str:
    """Which kind of board the cable said that this is."""
    for path in ABOUT:
        try:
            with open(path) as file:
                return str(json.load(file)["board"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
    return ""
