"""What ann says at her desktop, by the operations that the commands of `mesh` use."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any

from mesh.core import peer_id as ids
from mesh.core.relations import mark, pact
from mesh.core.relations.mark import LEAVE, YES
from mesh.core.relations.weighing import state_of
from mesh.hub.desktop_kit import make_kit
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.failure import Failure
from mesh.hub.operations import dealing, relating, stating, table
from mesh.hub.operations.circles import Table
from mesh.hub.operations.dealing import Wish

Row = dict[str, Any]


class Desk:
    """A running desktop peer and whoever sits at it. `label` gives the names of peers."""

    def __init__(self, peer: HubPeer, label: Callable[[bytes], str]) -> None:
        self._peer = peer
        self._label = label

    @property
    def me(self) -> bytes:
        """Its id."""
        return self._peer.identity.public

    def sees(self, peer: bytes) -> str:
        """How it knows a peer: "up", "lost" and so on; "" if it does not."""
        contact = self._peer.node.contacts.get(peer)
        return "" if contact is None else contact.state

    async def held(self) -> Table:
        """What its store holds of circles and agreements."""
        path = self._peer.home.path
        return await asyncio.to_thread(lambda: Table(relating.held(path), self.me, self._label))

    async def do(self, op: str, **args: object) -> Row:
        """Run an operation. Gives its first row. Failure."""
        async with aclosing(table.run(self._peer, op, args)) as rows:
            async for row in rows:
                return dict(row)
        raise Failure(f"'{op}' gave nothing")

    async def _write(self, kind: str, body: object) -> bytes:
        row = await self.do("state", **stating.plain(kind, body))
        return ids.from_text(row["ref"])

    async def _propose(self, body: object) -> bytes:
        """Write an agreement, and the own yes to it. Gives its ref."""
        ref = await self._write(pact.NAME, body)
        await self._write(mark.NAME, mark.make(ref, YES))
        return ref

    async def found(self, goal: str) -> bytes:
        """Found a circle. Gives its ref."""
        return await self._write(pact.NAME, pact.make(need=1, text=goal))

    async def invite(self, circle: bytes, peers: Sequence[bytes], need: int) -> bytes:
        """Ask peers into a circle that was just founded, all by one change of it."""
        state = state_of(make_kit(), circle, [self.me, *peers], need)
        add = list(peers)
        return await self._propose(
            pact.make(within=circle, after=circle, add=add, need=need, state=state)
        )

    async def propose(
        self,
        circle: str,
        text: str,
        term: list[Any],
        instead: bytes | None = None,
        end_s: int | None = None,
    ) -> bytes:
        """Propose a text with a term, perhaps instead of another agreement, or with an end."""
        before = None if instead is None else ids.to_text(instead)
        there, path = await self.held(), self._peer.home.path
        found = there.found.agreements
        # another demo on this computer has a circle of that name, too
        own = [
            ids.to_text(ref)
            for ref in found.foundings()
            if found.authors[ref] == self.me and found.pacts[ref].text == circle
        ]
        wish = Wish(own[0] if own else circle, (), text, [term], before, end_s)
        body = await asyncio.to_thread(dealing.body_of, path, there, wish)
        return await self._propose(body)

    async def leave(self, ref: bytes) -> None:
        """Leave an agreement."""
        await self._write(mark.NAME, mark.make(ref, LEAVE))
