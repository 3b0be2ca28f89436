"""Staged rollout of firmware to many boards: stops at the first failure, skips absent ones."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesh.boards import firmware_offer
from mesh.core import peer_id
from mesh.core.errors import MeshError
from mesh.hub.failure import FAILED, USAGE, Failure
from mesh.hub.operations import many, roster, selecting
from mesh.hub.operations.selecting import Meant

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

Data = dict[str, Any]
BAD = "taken back"  # state of a board that rolled firmware back
MOST = 16


class Rollout:
    """The rollout of one firmware. Rows come from `rows`; None is the end."""

    def __init__(self, peer: "HubPeer", args: Mapping[str, Any], boards: list[Meant]) -> None:
        self._peer = peer
        self._args = args
        self._left = deque(boards)
        self._bad = ""
        self.rows: asyncio.Queue[Data | None] = asyncio.Queue()
        self.failed: list[Data] = []
        self.done = 0

    async def work(self) -> None:
        """Update one board after another, until one rolls back."""
        while self._left and not self._bad:
            await self._one(self._left.popleft())

    async def run(self, at_once: int) -> None:
        """Update `at_once` boards at a time. Those left out are reported at the end."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(at_once):
                    group.create_task(self.work())
            for meant in self._left:
                why = f"left alone, as {self._bad} took it back"
                self._tell({"error": why, "help": None, "code": FAILED}, meant, "left alone")
        finally:
            self.rows.put_nowait(None)

    async def _one(self, meant: Meant) -> None:
        state = ""
        try:
            args = dict(self._args) | {"peer": meant.peer.id, "wait": 0.0}
            async with aclosing(firmware_offer.update(self._peer, args)) as rows:
                async for row in rows:
                    state = row["state"]
                    self.rows.put_nowait(row)
            self.done += 1
        except MeshError as error:
            if state == BAD:
                self._bad = meant.peer.label
            self._tell(selecting.trouble(error), meant, "failed")

    def _tell(self, trouble: Data, meant: Meant, state: str) -> None:
        row = {"peer": meant.peer.label, "id": meant.peer.id, "state": state} | trouble
        self.failed.append(row)
        self.rows.put_nowait(row)


async def update(peer: "HubPeer", args: Mapping[str, Any]) -> AsyncGenerator[Data, None]:
    """Offer firmware to the boards that args["targets"] select, args["at_once"] at a time."""
    from mesh.boards.firmware.build import Firmware  # noqa: PLC0415 - only this operation needs it

    at_once = args.get("at_once", 1)
    if type(at_once) is not int or not 1 <= at_once <= MOST:
        raise Failure(f"'at_once' has to be 1 to {MOST}", code=USAGE)
    selecting.only_peers(many.words(args), "a board takes firmware as a whole")
    # checks that it is firmware
    await asyncio.to_thread(Firmware.load, Path(roster.text(args, "firmware")))
    chosen = await many.choose(peer, args)
    boards = [meant for meant in chosen.peers if meant.plain or _is_board(peer, meant)]
    rollout = Rollout(peer, args, boards)
    for word, why in chosen.missing:
        row = {"peer": word, "id": None, "state": "failed"} | selecting.trouble(why)
        rollout.failed.append(row)
        yield row
    running = asyncio.create_task(rollout.run(at_once))
    try:
        while (row_or_end := await rollout.rows.get()) is not None:
            yield row_or_end
        await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    if len(rollout.failed) == 1 and not rollout.done:
        only = rollout.failed[0]
        raise Failure(only["error"], only["help"], only["code"])
    if rollout.failed:
        raise selecting.failure(rollout.failed, rollout.done)
    if not boards:
        raise Failure("none of the selected peers is a board", "`mesh peers` tells who is there")


def _is_board(peer: "HubPeer", meant: Meant) -> bool:
    contact = peer.node.contacts.get(peer_id.from_text(meant.peer.id))
    return contact is not None and contact.kind == "board"
