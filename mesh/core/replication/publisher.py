"""Fan-out of new entries to the observers of /feeds (docs/protocol.md section 6).

Observers are told states, not events. While a notification is not acknowledged, changes are only
marked, and the next one has the newest: a slow observer costs no queue, and misses no last state.
"""

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec.formats import CBOR
from mesh.core.errors import RemoteError
from mesh.core.feed.chain import read_wishes, size_of
from mesh.core.feed.tail import ENTRY_SIZE, HEAD_SIZE
from mesh.core.kit import NO_ROOM
from mesh.core.replication.subscriber import Listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.coap.endpoint import Endpoint
    from mesh.core.coap.ticket import Ticket
    from mesh.core.feed.feeds import Feeds
    from mesh.core.kit import Kit

OTHERS = b""  # key of wishes for all authors that are not named
OPTIONS = 64  # most bytes of a notification besides its payload
SEALED = 112  # most bytes of the signature around the first answer, which has room for a whole run
AGAIN_MS = 1000  # retry after memory ran out
WHOLE_MS = 2000  # time to fetch a block-wise body, before the next one would replace it
FORK_SIZE = 48
FRAME = 12  # bytes of an answer besides its items: the array's head, and the cursor


class Publisher:
    """The observers of /feeds, by the ticket of their observation. linked(now_ms, peer, address)
    is called for each peer that chooses us as its link.
    """

    def __init__(
        self,
        kit: "Kit",
        feeds: "Feeds",
        endpoint: "Endpoint",
        linked: "Callable[[int, bytes, tuple[str, int]], None]",
    ) -> None:
        self._kit = kit
        self._linked = linked
        self.feeds = feeds
        self._endpoint = endpoint
        self._lazy_ms = endpoint.limits.lazy_ms
        self.table: dict[Ticket, Listener] = {}
        self._changed = False
        self.due_ms: int | None = None
        feeds.tell(self.changed)

    def answer(
        self,
        who: "bytes | None",
        wanted: object,
        query: "list[str]",
        asker: "Listener | None" = None,
    ) -> object:
        """The content of /feeds: heads, fork proofs ("evidence"), or what is new for a map of
        wishes. `asker` can be given to open() afterwards, if the request may begin an observation.
        """
        room, strict = self._room(query)
        if "evidence" in query:
            from mesh.core.feed.fork_proof import pairs  # noqa: PLC0415 - heap only where it is used

            return pairs(self._kit, self.feeds.foreign, wanted, room, strict)
        if wanted is None:
            return self.feeds.heads()
        wishes = read_wishes(wanted)
        if len(wishes) > self._endpoint.limits.peers + 1:
            raise RemoteError("too many wishes", codes.TOO_LARGE)
        listener = asker or Listener(who, 0, None)
        self._note(listener, wishes)
        self._succeed(listener)
        ticket = listener.ticket
        if ticket is None or not self._endpoint.observable(ticket):
            news = self._news(listener, [], room, True, strict)
            if strict and not news and (listener.runs or listener.heads or listener.forks):
                raise RemoteError("nothing is as short as max", codes.TOO_LARGE)
            return news
        # one datagram, as a notification could overtake further blocks
        room = min(room, self._endpoint.room(ticket) - SEALED)
        return self._news(listener, [], room, True, True)

    def _succeed(self, listener: Listener) -> None:
        """End a peer's former observation, if this is a later one; a replayed request changes
        nothing.
        """
        ticket = listener.ticket
        if ticket is None or ticket.observe != 0:
            return
        for old, one in list(self.table.items()):
            if one.links and listener.links and one.peer == listener.peer:
                if one.counter >= listener.counter:
                    ticket.once()
                    return
                self.close(old)
                self._endpoint.end(old)

    def _note(self, listener: Listener, wishes: "dict[bytes, Any]") -> None:
        feeds = self.feeds
        listener.answered = True
        listener.links = OTHERS in wishes
        listener.others = wishes.get(OTHERS) is not None
        for author, first in wishes.items():
            if author == OTHERS:
                continue
            feed = feeds.get(author)
            mine = feed.author if feed else author  # the feed's own bytes object, to save memory
            if first is None:
                if feed and author == listener.peer:
                    feed.unknown_to(author)  # it asks what we hold of its feed
                listener.named.append(mine)
                listener.heads.add(mine)
            elif feed or not listener.others:
                listener.wanted[mine] = first
                listener.runs.add(mine)
                if feed:
                    feed.unknown_to(listener.peer)
        if listener.links:
            self._catch_up(listener, wishes[OTHERS])

    def _catch_up(self, listener: Listener, cursor: "int | None") -> None:
        """Mark the authors that changed since a cursor, up to which a listener was told before."""
        feeds = self.feeds
        if cursor is None or not feeds.since <= cursor <= feeds.version:
            cursor = -1
        for author in feeds.authors():
            feed: Any = feeds.get(author)
            if cursor < 0:
                feed.unknown_to(listener.peer)
            if listener.others and feed.version > cursor and author not in listener.wanted:
                listener.heads.add(author)
            if feed.fork and feed.version > cursor:
                listener.forks.add(author)

    def _room(self, query: "list[str]") -> "tuple[int, bool]":
        """The bytes that an answer may have, and whether that is strict: by `max=` in the query,
        else about what a board can take.
        """
        most = self._endpoint.limits.body - 200
        for part in query:
            if part[:4] == "max=" and part[4:] and not part[4:].strip("0123456789"):
                return min(int(part[4:]), most) - FRAME, True
        return min(3600, most), False

    def open(self, now_ms: int, listener: Listener) -> "int | None":
        """Begin an observation by a listener that was answered. Its first Observe number, or None
        if what it requested cannot be observed.
        """
        ticket = listener.ticket
        if ticket is None or not listener.answered:
            return None
        self.table[ticket] = listener
        self._changed = True
        if listener.others and listener.peer is not None:
            self._linked(now_ms, listener.peer, ticket.address)
        return self._endpoint.order()

    def close(self, ticket: "Ticket") -> None:
        """Remove an observer."""
        self.table.pop(ticket, None)

    def listens(self, peer: bytes) -> bool:
        """Whether a peer has chosen us as its link."""
        return True in [one.peer == peer and one.others for one in self.table.values()]

    def changed(self, author: bytes) -> None:
        """Mark a feed as changed for its observers."""
        feed: Any = self.feeds.get(author)
        for listener in self.table.values():
            if author in listener.wanted:
                listener.runs.add(feed.author)
            elif listener.others or author in listener.named:
                listener.heads.add(feed.author)
            if feed.fork and listener.links:
                listener.forks.add(feed.author)
        self._changed = True

    def flush(self, now_ms: int) -> None:
        """Send due notifications to the observers that acknowledged the last one."""
        if not self._changed and (self.due_ms is None or now_ms < self.due_ms):
            return
        listeners = list(self.table.items())
        self._changed = False
        self.due_ms = None
        for ticket, listener in listeners:
            if listener.heads and listener.due_ms is None:
                listener.due_ms = now_ms + self._lazy_ms
            if listener.runs or listener.forks or listener.heads:
                if self._endpoint.idle(ticket):
                    why = self._kit.guard("observer", self._tell, now_ms, ticket, listener)
                    if why == NO_ROOM:
                        self._changed = True
                        self._at(now_ms + AGAIN_MS)
                    elif why:
                        self.close(ticket)
                        self._endpoint.end(ticket)
                else:
                    self._changed = True  # try again after the next event

    def _tell(self, now_ms: int, ticket: "Ticket", listener: Listener) -> None:
        if now_ms < listener.hold_ms:
            self._at(listener.hold_ms)
            return
        if listener.runs or listener.forks or now_ms >= (listener.due_ms or 0):
            news: list[Any] = []
            try:
                self._notify(now_ms, ticket, listener, news)
            except MemoryError:
                listener.untold(news, self.feeds.authors())
                raise
        if listener.heads and listener.due_ms is not None:
            self._at(listener.due_ms)

    def _at(self, due_ms: int) -> None:
        if self.due_ms is None or due_ms < self.due_ms:
            self.due_ms = due_ms

    def _notify(
        self, now_ms: int, ticket: "Ticket", listener: Listener, news: "list[Any]"
    ) -> None:
        most = self._endpoint.limits.datagram
        room = self._endpoint.room(ticket)
        # an unverified address gets a short one first, and whole ones after its acknowledgement
        with_heads = listener.due_ms is None or now_ms >= listener.due_ms
        self._news(listener, news, room - OPTIONS, with_heads, room < most)
        if not news and room == most:
            return
        payload = self._kit.encode(news)
        if len(payload) + OPTIONS > most:
            listener.hold_ms = now_ms + WHOLE_MS
        message = coap.Message(codes.CONTENT, payload).add(coap.OBSERVE, self._endpoint.order())
        message.add(coap.CONTENT_FORMAT, CBOR)
        if not self._endpoint.notify(now_ms, ticket, message, confirm=True):
            self.close(ticket)
        elif listener.runs or listener.forks:
            self._changed = True

    def _news(
        self, listener: Listener, news: "list[Any]", room: int, with_heads: bool, strict: bool
    ) -> "list[Any]":
        """What to tell a listener next, in about `room` bytes; if `strict`, never more."""
        feeds = self.feeds
        for author in sorted(listener.runs):
            room = self._add_runs(listener, author, news, room, strict)
            if author in listener.runs:
                room = 0
                break
        if listener.forks and room >= FORK_SIZE:
            news.append({})
            for author in sorted(listener.forks)[: room // FORK_SIZE]:
                listener.forks.discard(author)
                forked: Any = feeds.get(author)
                news[-1][author] = forked.fork[0] if forked and forked.fork else 0
                room -= FORK_SIZE
        if with_heads:
            self._add_heads(listener, news, room, strict)
        if listener.others and not (listener.runs or listener.heads or listener.forks):
            news.append(feeds.version)
        return news

    def _add_heads(self, listener: Listener, news: "list[Any]", room: int, strict: bool) -> None:
        feeds = self.feeds
        for author in sorted(listener.heads):
            room -= HEAD_SIZE + ENTRY_SIZE
            if room < 0 and (news or strict):
                break
            listener.heads.discard(author)
            feed: Any = feeds.get(author)
            head = feeds.head(author) if feed else None
            if head and listener.peer not in feed.known:
                news.append(head)
        if not listener.heads:
            listener.due_ms = None

    def _add_runs(
        self, listener: Listener, author: bytes, news: "list[Any]", room: int, strict: bool
    ) -> int:
        """Add the runs of an author that a listener lacks. Gives the room that is left."""
        feeds = self.feeds
        feed = feeds.get(author)
        if feed and listener.peer in feed.known and feed.source == listener.peer:
            listener.wanted[author] = feeds.next_seq(author)  # we have them from it
        while True:
            run: Any = feeds.run(author, listener.wanted[author])
            if run is None:
                listener.runs.discard(author)
                return room
            size = size_of(run)
            if size > room and (news or strict):
                return room
            room -= size
            news.append(run)
            listener.wanted[author] = run[1] + len(run[3])
