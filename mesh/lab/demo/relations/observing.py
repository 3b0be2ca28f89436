"""What the demo observes: who said what, by ann's store, and what runs at each board, by its own
/peer and console.
"""

import asyncio
from collections.abc import Mapping
from typing import NoReturn

from mesh.core.coap import message as coap
from mesh.core.discovery.contact import UP
from mesh.core.errors import MeshError
from mesh.core.relations.mark import LEAVE, NO, YES
from mesh.core.relations.pact import RULE, WITH
from mesh.hub.desktop_kit import make_kit
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.operations.circles import Table
from mesh.hub.show.words import quoted
from mesh.lab.demo.boards import Boards
from mesh.lab.demo.relations.desk import Desk
from mesh.lab.demo.relations.greenhouse_table import Member
from mesh.lab.demo.view import View

LOOK_S, ASK_S = 0.4, 1.5
SAYS: Mapping[int, str] = {NO: "no", YES: "yes", LEAVE: "leave"}


class Watching:
    """See above; shows each new word. `held`: the store's agreements, as they were seen last."""

    def __init__(
        self, peer: HubPeer, desk: Desk, boards: Boards, rows: Mapping[str, Member], view: View
    ) -> None:
        self._peer = peer
        self._desk = desk
        self._boards = boards
        self._rows = rows
        self._view = view
        self._shown: set[tuple[bytes, int]] = set()  # words, by (author, seq)
        self.held: Table | None = None

    async def run(self) -> NoReturn:
        """Look again and again."""
        while True:
            self.held = await self._desk.held()
            self._show_words(self.held)
            await asyncio.gather(*map(self._look_at, self._boards.ids))
            self._boards.news()
            self._view.refresh()
            await asyncio.sleep(LOOK_S)

    def said(self, ref: bytes, word: int) -> Mapping[str, str]:
        """Which peers said a word of an agreement, with their reasons."""
        words = self.held.found.words.get(ref, []) if self.held is not None else []
        return {
            self._boards.names[one.author]: one.mark.reason or ""
            for one in words
            if one.mark.word == word and one.author in self._boards.names
        }

    def state(self, ref: bytes) -> str:
        """The state of an agreement, by what ann holds; "" if nothing is known yet."""
        if self.held is None or ref not in self.held.found.statements:
            return ""
        return self.held.found.agreements.state(ref)

    def members(self, circle: bytes) -> list[str]:
        """Who is in a circle, by what ann holds."""
        if self.held is None or circle not in self.held.found.statements:
            return []
        agreements = self.held.found.agreements
        members = agreements.members(agreements.now(circle)[0]) or []
        return [self._boards.names.get(one, "") for one in members]

    def _show_words(self, held: Table) -> None:
        """Show what is new, those who say the same in one line."""
        new: dict[tuple[str, str, str], list[str]] = {}
        for ref, words in held.found.words.items():
            for one in words:
                place = one.author, one.seq
                name = self._boards.names.get(one.author)
                if name is None or place in self._shown or one.mark.word not in SAYS:
                    continue
                self._shown.add(place)
                about = self._about(held, ref)
                if one.author != self._desk.me and about:
                    said = SAYS[one.mark.word], one.mark.reason or "", about
                    new.setdefault(said, []).append(name)
        for (word, reason, about), names in new.items():
            why = f": {quoted(reason)}" if reason else ""
            verb = "says" if len(names) == 1 else "say"
            text = f"{', '.join(sorted(names))} {verb} [bold]{word}[/] to {about}{why}"
            self._view.happened("word", text, peers=sorted(names), word=word, reason=reason)

    def _about(self, held: Table, ref: bytes) -> str:
        """What a word is about; "" for requests, of which the chapter tells itself."""
        one = held.found.statements.get(ref)
        if one is None or one.pact.judged == WITH:
            return ""
        return "being in the circle" if one.pact.judged == RULE else quoted(one.pact.text)

    async def _look_at(self, name: str) -> None:
        """Note what a board's console and its /peer say."""
        row, peer = self._rows[name], self._boards.ids[name]
        for event in self._boards.told(name, "actuated"):
            value = event["value"]
            if isinstance(value, bool | int | float):
                row.devices[str(event["name"])] = value
        row.seen(self._desk.sees(peer) or row.state)
        if row.state != UP or row.away:
            return
        try:
            answer = await self._peer.ask(peer, coap.FETCH, ["peer"], timeout=ASK_S)
            about = make_kit().decode(answer.payload)
        except MeshError:
            return  # it is gone, as the table shows
        found = about.get("agreed", []) if isinstance(about, dict) else []
        row.runs = [(ref, term) for ref, term, _ in found]
