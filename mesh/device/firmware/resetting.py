"""Handles an offer of settings: checks them and starts them on trial, or refuses them with a
reason.

wifi, and who may change what, cannot be changed in this way (SECRET and CABLE in the table of
sections): messages are signed, not secret, and who may change settings must not pass that right
on.
"""

import asyncio
import json
import os

from mesh.core.errors import LocalError, RemoteError
from mesh.core.resources.proposal import MOST, check
from mesh.device import identity
from mesh.device.firmware import trial
from mesh.device.firmware.asked import NoAnswer
from mesh.device.firmware.install import GOODBYE_MS, PIECE, Taking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.resources.proposal import Proposal
    from mesh.device.firmware.asked import Looking


def told(at: object, secret: "list[str]") -> "list[object]":
    """[SHA-256 of settings.json, bytes in all, the piece from `at` on], without what is secret."""
    if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at <= MOST:
        raise RemoteError("asked for by no offset")
    table = _own()
    for key in secret:
        table.pop(key, None)
    text = json.dumps(table).encode()
    return [bytes.fromhex(trial.digest(trial.OLD)), len(text), text[at : at + PIECE]]


class Resetting:
    """Handles settings that a peer offers."""

    def __init__(self, updates: "Looking", peer: bytes) -> None:
        self._updates = updates
        self._peer = peer

    async def consider(self, offer: bytes) -> None:
        """Try the settings, if they are for this board and new. RemoteError, NoAnswer."""
        updates = self._updates
        proposal = check(updates.node.peer.kit, offer)
        if proposal.signer != self._peer or self._peer not in updates.settings_of:
            raise RemoteError("a peer that is not in settings_from")
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
            raise RemoteError("the settings have another hash")
        return text

    def _stage(self, proposal: "Proposal", text: bytes) -> None:
        """Write the settings for the trial, and check them. RemoteError, LocalError."""
        if bytes.fromhex(trial.digest(trial.OLD)) != proposal.base:
            raise RemoteError("it has other settings by now: look again")
        try:
            table = json.loads(text)
        except ValueError:
            table = None
        if not isinstance(table, dict) or not table:
            raise RemoteError("the settings are no table in JSON, or empty")
        updates = self._updates
        for key in updates.secret:
            if key in table:
                raise RemoteError(key + " is changed over the cable only")
        own = _own()
        kept = [
            f"{json.dumps(key)}: {json.dumps(own[key])}, " for key in updates.secret if key in own
        ]
        with open(trial.NEW, "wb") as file:
            if kept:
                file.write(("{" + "".join(kept)).encode())
                text = text.lstrip()[1:]
            file.write(text)
        if updates.rights_of(updates.read(False, trial.NEW)[0]) != updates.rights:
            *some, last = [key for key, _ in updates.rights]
            keys = ", ".join(some) + " and " + last
            raise RemoteError(keys + " are changed over the cable only")


def _own() -> "dict[str, Any]":
    """This board's settings. RemoteError if they cannot be read."""
    try:
        with open(trial.OLD) as file:
            table = json.load(file)
    except (OSError, ValueError):
        table = None
    if not isinstance(table, dict):
        raise RemoteError("its settings are no JSON: mend them by cable")
    return table


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except OSError:
        pass
