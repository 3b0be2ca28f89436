"""Installs a firmware update: checks, fetches, stages and starts it on trial; or refuses it."""

import asyncio
import json

import mesh
from mesh.core.codec import cbor
from mesh.core.errors import MeshError, RemoteError
from mesh.core.resources.bundle import File, check
from mesh.device import identity
from mesh.device.firmware.asked import NoAnswer
from mesh.device.firmware.slot import SPARE, NoRoom, Slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.resources.bundle import Bundle
    from mesh.device.firmware.asked import Looking

SEEN = "updates"  # the file with the highest `made` of each signer that was taken or refused
ABOUT = ("firmware.json", "/rom/firmware.json")
AGAIN_MS = 1000
GOODBYE_MS = 1500  # time to show in /peer that all is staged
PIECE = 1024  # bytes of a piece
TRIES = 5  # attempts to fetch a piece


class Taking:
    """Handles an offer of firmware from a peer."""

    def __init__(self, updates: "Looking", peer: bytes) -> None:
        self._updates = updates
        self._peer = peer
        self._is_staged = False

    async def consider(self, offer: "Any") -> None:  # noqa: ANN401 - from outside
        """Take the offer, if it is for this board and new. RemoteError, NoAnswer."""
        if not isinstance(offer, bytes):
            raise RemoteError("no byte string")
        if self._updates.boot.on_trial:  # the free folder has what runs if this one fails
            raise NoAnswer("what runs is on trial")
        chosen = self._updates.firmware_of
        bundle = check(self._updates.node.peer.kit, offer)
        if bundle.signer not in chosen:
            raise RemoteError("signed by a peer that is not in updates")
        seen = _seen()
        # power may have been cut before it was in SEEN
        last = self._updates.boot.update.get("made")
        if bundle.made <= seen.get(bundle.signer, -1) or bundle.made == last:
            return
        if await self._take(bundle, offer):
            if self._is_staged:
                self._stage(bundle)
            seen[bundle.signer] = bundle.made
            known = {who: seen[who] for who in chosen if who in seen}
            identity.write(SEEN, cbor.encode(known))
        if self._is_staged:
            await asyncio.sleep_ms(GOODBYE_MS)
            self._updates.leave()
            self._updates.boot.restart()

    async def _take(self, bundle: "Bundle", offer: bytes) -> bool:
        """Stage an update, or refuse it with the reason in /peer. Whether that is final."""
        try:
            if not self._has(bundle):
                await self.fetch(bundle, Slot(self._updates.boot.free_slot()), offer)
        except NoAnswer:
            self._tell(bundle, "waiting", why="who offers it does not answer")
            raise
        except (NoRoom, OSError) as error:
            self._tell(bundle, "refused", why=str(error))
            return False  # there may be room later
        except RemoteError as error:
            self._tell(bundle, "refused", why=error.detail)
        return True

    def _has(self, bundle: "Bundle") -> bool:
        """Whether that firmware runs already. RemoteError if it is for another kind of board."""
        kind = _kind()
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

    async def fetch(self, bundle: "Bundle", slot: Slot, offer: bytes) -> None:
        """Fetch the files of the update, continuing where it stopped. RemoteError, OSError."""
        running = str(getattr(mesh, "__path__", "")).rpartition("mesh")[0] or "."
        self._tell(bundle, "fetching")
        self._make_room(slot, SPARE)
        slot.begin(offer, bundle.digest)
        await self._get(slot, File("list", bundle.size, bundle.digest))
        count, blocks = slot.needs()
        self._make_room(slot, blocks)
        slot.check(blocks)
        for done, file in enumerate(slot.files()):
            self._show(bundle, "fetching", done=done, all=count)
            if not slot.holds(file) and not slot.copy(file, running):
                await self._get(slot, file)
            await asyncio.sleep_ms(0)  # lets other tasks run
        self._is_staged = True
        self._tell(bundle, "staged", done=count, all=count)

    def _make_room(self, slot: Slot, blocks: int) -> None:
        """Where there is no room for three firmwares, and the one that runs is an update, it
        becomes the base in place of that which came by cable. OSError.
        """
        boot = self._updates.boot
        base: Any = getattr(boot, "base", None)  # start.py may be older
        if boot.slot and (base == slot.folder or (base == "" and slot.free() < blocks)):
            slot.replace_base(boot.slot, base)

    async def _get(self, slot: Slot, file: "File") -> None:
        """Fetch the missing part of a file. What was there may be damaged: then all of it,
        once.
        """
        there = slot.size(file.path)
        await self._pieces(slot, file, there)
        if there and not slot.holds(file):
            await self._pieces(slot, file, 0)
        if not slot.holds(file):
            slot.drop(file.path)
            raise RemoteError(file.path + " has another hash than was signed")

    async def _pieces(self, slot: Slot, file: "File", at: int) -> None:
        if not 0 < at <= file.size:
            at = 0
            slot.drop(file.path)
            slot.append(file.path, b"")
        while at < file.size:
            piece = await self.piece([file.digest, at, PIECE])
            if not 0 < len(piece) <= min(PIECE, file.size - at):
                raise RemoteError(file.path + ": a piece of another size")
            slot.append(file.path, piece)
            at += len(piece)

    async def piece(self, wish: "list[object]") -> bytes:
        """Fetch the piece [hash, offset, most bytes]. RemoteError, NoAnswer."""
        for left in range(TRIES - 1, -1, -1):
            try:
                piece = await self._updates.ask(self._peer, wish)
                if isinstance(piece, bytes):
                    return piece
                raise RemoteError("no byte string")
            except NoAnswer:
                if not left:
                    raise
                await asyncio.sleep_ms(AGAIN_MS)
        return b""

    def _stage(self, bundle: "Bundle") -> None:
        boot, trial_ms = self._updates.boot, self._updates.node.limits.trial_ms
        update: dict[str, Any] = {"version": bundle.version, "made": bundle.made}
        boot.stage(boot.free_slot(), update, trial_ms // 1000)

    def _tell(self, bundle: "Bundle", state: str, **more: "Any") -> None:  # noqa: ANN401 - plain
        self._show(bundle, state, **more)
        self._updates.console.tell("update", state=state, version=bundle.version, **more)

    def _show(self, bundle: "Bundle", state: str, **more: "Any") -> None:  # noqa: ANN401 - plain
        about = {"state": state, "version": bundle.version, "made": bundle.made}
        about.update(more)
        self._updates.node.peer.more["update"] = about


def _seen() -> "dict[bytes, int]":
    try:
        known: Any = cbor.decode(identity.read(SEEN) or b"\xa0")
    except MeshError:  # damaged: then an old offer of a chosen peer could be taken again
        return {}
    return known if isinstance(known, dict) else {}


def _kind() -> str:
    """The kind of this board, as recorded when it was flashed."""
    for path in ABOUT:
        try:
            with open(path) as file:
                return str(json.load(file)["board"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
    return ""
