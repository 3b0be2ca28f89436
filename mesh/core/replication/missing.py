"""Asks for what agreements lack: FETCH /relations, by ref or by what is missing of a feed.

One question is open at a time, to one of the peers with whom agreements are formed, in turn. While
nothing new comes, the pause between two questions doubles.
"""

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec.formats import CBOR
from mesh.core.discovery.contact import UP
from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed.chain import read_run, walk
from mesh.core.replication.peer_link import query
from mesh.core.security.signed_client import Ask, request_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.events import Answer

NAME = "relations"  # of the resource
ITEMS = 8  # in one question
FIRST_MS, LONGEST_MS = 2000, 3_600_000  # pauses
NEXT_MS = 200  # pause while an answer brought something
MOST = 1200  # bytes of an answer to a board, as each run costs the check of a signature
NO_MORE, CANNOT_TELL = -1, -2


class Missing:
    """See above. `relating`: what lacks something: see mesh.core.relations.taking; here(refs)
    gives runs that are held here already, as values.
    """

    def __init__(
        self,
        node: "Any",  # noqa: ANN401 - a Node
        relating: "Any",  # noqa: ANN401 - a Relating
        here: "Callable[[list[bytes]], list[Any]]",
    ) -> None:
        self._node = node
        self._relating = relating
        self._here = here
        self._asking = b""  # the peer to which a question is open
        self._turn = 0
        self._pause_ms = FIRST_MS
        self._lacked: set[bytes] = set()  # what was missing when that was looked at last
        self._seen_at = -1  # the version of `relating` for which questions are put
        # of feeds with a gap: peer -> after which seq to ask it, NO_MORE, or CANNOT_TELL
        self._cursors: dict[bytes, dict[bytes, int]] = {}
        self.due_ms: int | None = None
        self._query = query(node.limits) or [f"max={MOST}"]

    def tick(self, now_ms: int) -> None:
        """Ask, if something is missing and it is time."""
        relating = self._relating
        if self._asking or (self._seen_at == relating.version and not self._is_due(now_ms)):
            return
        refs = relating.missing()
        if refs and self._seen_at != relating.version:
            node = self._node
            for value in self._here(refs):
                relating.fetched(walk(node.peer.kit, value, node.limits))
            refs = relating.missing()
        gaps = relating.gaps()
        self._seen_at = relating.version
        lacked, self._lacked = self._lacked, set(refs + gaps)
        if not refs and not gaps:
            self.due_ms = None
            self._cursors = {}
        elif self.due_ms is None or self._lacked - lacked:
            self._pause_ms = FIRST_MS
            self.due_ms = now_ms + NEXT_MS
        elif now_ms >= self.due_ms:
            self._ask(now_ms, refs, gaps)

    def _is_due(self, now_ms: int) -> bool:
        return self.due_ms is not None and now_ms >= self.due_ms

    def _later(self, now_ms: int) -> None:
        self.due_ms = now_ms + self._pause_ms + self._node.peer.kit.random(1)[0] * 4
        self._pause_ms = min(2 * self._pause_ms, LONGEST_MS)

    def moved(self, now_ms: int) -> None:
        """Ask anew, as others may be near."""
        self._pause_ms = FIRST_MS
        if self.due_ms is not None:
            self.due_ms = now_ms + FIRST_MS

    def _up(self) -> "list[Any]":
        found = [self._node.contacts.get(peer) for peer in sorted(self._relating.peers)]
        return [one for one in found if one is not None and one.state == UP and one.address]

    def _ask(self, now_ms: int, refs: "list[bytes]", gaps: "list[bytes]") -> None:
        up = self._up()
        self._later(now_ms)
        self._close(gaps, up)
        self._turn += 1
        at = self._turn % len(refs) if refs else 0
        for n in range(len(up)):
            contact = up[(self._turn + n) % len(up)]
            items: list[Any] = [
                [peer, after]
                for peer in self._relating.gaps()
                if (after := self._after(peer, contact.peer)) >= 0
            ]
            items = (items + refs[at:] + refs[:at])[:ITEMS]
            if items:
                self._put(now_ms, contact, items)
                return

    def _after(self, peer: bytes, of: bytes) -> int:
        """After which seq a peer is to be asked for entries of another; less than 0: for none."""
        after = self._cursors.setdefault(peer, {}).get(of)
        return self._relating.seen[peer][1] if after is None else after

    def _put(self, now_ms: int, contact: "Any", items: "list[object]") -> None:  # noqa: ANN401 - a Contact
        body = CBOR, self._node.peer.kit.encode(items)
        ask = Ask(contact.peer, contact.address, body, self._answered, items)
        try:
            self._node.asks.put(now_ms, ask, request_for(coap.FETCH, [NAME], self._query))
            self._asking = contact.peer
        except LocalError:  # all exchanges are in use
            pass

    def _close(self, gaps: "list[bytes]", up: "list[Any]") -> None:
        """Close the gaps of which all who are there, and can tell, told what they have."""
        for peer in gaps:
            cursors = self._cursors.get(peer, {})
            told = [cursors.get(one.peer, 0) for one in up]
            if told and max(told) < 0:
                del self._cursors[peer]  # if nobody could tell, all are asked again
                if NO_MORE in told:
                    self._relating.close(peer)

    def _answered(self, now_ms: int, ask: Ask, answer: "Answer") -> None:
        self._asking = b""
        if not answer.signed or answer.code in (codes.TOO_MANY, codes.UNAVAILABLE):
            return
        before = self._relating.version
        last = self._taken(ask, answer) if answer.code == codes.CONTENT else None
        goes_on = False
        items: Any = ask.about
        if last is not None:
            self._relating.told(items)
        for item in items:
            if isinstance(item, list):
                at = CANNOT_TELL if last is None else last.get(item[0], 0)
                self._cursors.setdefault(item[0], {})[ask.peer] = (
                    at if at > item[1] else min(at, NO_MORE)
                )
                goes_on = goes_on or last is not None
        if goes_on or self._relating.version != before:
            self._pause_ms = FIRST_MS
            self.due_ms = now_ms + NEXT_MS

    def _taken(self, ask: Ask, answer: "Answer") -> "dict[bytes, int]":
        """Take the runs of an answer. Gives the last seq of each author."""
        node = self._node
        last: dict[bytes, int] = {}
        try:
            told = node.peer.kit.decode(answer.payload)
            for value in told if isinstance(told, list) else ():
                run = read_run(node.peer.kit, value, node.limits)
                self._relating.fetched(run)
                last[run.author] = max(last.get(run.author, 0), run.seq)
        except RemoteError:
            node.peer.judged(ask.peer, False)
        return last
