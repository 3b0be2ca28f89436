"""One offer of settings: looked at, and started on trial; or refused, and why.

wifi and who may change what are not changed in this way: messages are signed, not secret, and
who may change settings must not hand that right on.
"""

import asyncio
import json
import os

from mesh.core.errors import LocalError, RemoteError
from mesh.core.proposal import MOST, check
from mesh.device import identity, trial
from mesh.device.main import settings
from mesh.device.taking import GOODBYE_MS, PIECE, Taking
from mesh.device.update import NoAnswer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.proposal import Proposal
    from mesh.device.update import Updates

SECRET = "wifi"  # noqa: S105 - a key of the settings


def told(at: object) -> "list[object]":
    """[SHA-256 of settings.json, bytes in all, the piece from `at` on]: never with passwords."""
    if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at <= MOST:
        raise RemoteError("settings are asked for by an offset")
    table = _own()
    table.pop(SECRET, None)
    text = json.dumps(table).encode()
    return [bytes.fromhex(trial.digest(trial.OLD)), len(text), text[at : at + PIECE]]


class Resetting:
    """What this board does with settings that a peer offers."""

    def __init__(self, updates: "Updates", peer: bytes) -> None:
        self._updates = updates
        self._peer = peer

    async def consider(self, offer: bytes) -> None:
        """Try the settings if they are for this board, and new. RemoteError, NoAnswer."""
        updates = self._updates
        proposal = check(updates.node.peer.kit, offer)
        if proposal.signer != self._peer or self._peer not in updates.settings_of:
            raise RemoteError("settings of somebody of whom this board takes none")
        last = trial.read()
        if last.get("by") == self._peer.hex() and proposal.made <= last["made"]:
            return
        state = {"state": "refused", "made": proposal.made, "by": self._peer.hex()}
        try:
            if proposal.peer != updates.node.peer.id:
                raise RemoteError("settings for another board")
            self._stage(proposal, await self._fetch(proposal))
        except NoAnswer:
            raise
        except (RemoteError, LocalError, OSError) as error:
            state["why"] = getattr(error, "detail", str(error))[:240]
            _remove(trial.NEW)
            trial.write(state)
            updates.show(state)
            return
        state.update({"state": trial.TRIAL, "tries": 0, "base": proposal.base.hex()})
        state.update({"new": trial.digest(trial.NEW), "wait_ms": updates.node.limits.trial_ms})
        trial.write(state)
        updates.show(state)
        await asyncio.sleep_ms(GOODBYE_MS)
        updates.leave()
        updates.boot.restart()

    async def _fetch(self, proposal: "Proposal") -> bytes:
        taking = Taking(self._updates, self._peer)
        text = b""
        while len(text) < proposal.size:
            piece = await taking.piece([proposal.digest, len(text), PIECE])
            if not 0 < len(piece) <= min(PIECE, proposal.size - len(text)):
                raise RemoteError("a piece of another size")
            text += piece
        if identity.sha256(text) != proposal.digest:
            raise RemoteError("the settings have another hash than was signed")
        return text

    def _stage(self, proposal: "Proposal", text: bytes) -> None:
        """Write what is to be tried, and check it. RemoteError, LocalError: what is wrong."""
        if bytes.fromhex(trial.digest(trial.OLD)) != proposal.base:
            raise RemoteError("this board has other settings by now: look at them again")
        try:
            table = json.loads(text)
        except ValueError:
            table = None
        if not isinstance(table, dict) or not table:
            raise RemoteError("the settings are no table in JSON, or an empty one")
        if SECRET in table:
            raise RemoteError("wifi is changed over the cable only")
        own = _own()
        with open(trial.NEW, "wb") as file:
            if SECRET in own:
                file.write(('{"%s": %s, ' % (SECRET, json.dumps(own[SECRET]))).encode())  # noqa: UP031
                text = text.lstrip()[1:]
            file.write(text)
        profile = settings(False, trial.NEW)[0]
        if self._updates.rights_of(profile) != self._updates.rights:
            keys = "introduced_by, updates and settings_from are changed over the cable only"
            raise RemoteError(keys)


def _own() -> "dict[str, Any]":
    """This board's settings. RemoteError if they cannot be read."""
    try:
        with open(trial.OLD) as file:
            table = json.load(file)
    except (OSError, ValueError):
        table = None
    if not isinstance(table, dict):
        raise RemoteError("this board's settings are no JSON, and can be mended by cable only")
    return table


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except OSError:
        pass
