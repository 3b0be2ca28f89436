"""Who observes /feeds, and what each has not been told yet (docs/protocol.md section 6).

What is told are states, not events: while a notification is under way, what changes gathers, and
the next one goes when the last was acknowledged. So no observer gets more than it can take, none
misses the last word on a feed, and of a slow one nothing is kept but whose feeds changed.
"""

from mesh.core import coap
from mesh.core.errors import RemoteError
from mesh.core.listener import Listener
from mesh.core.primitives import NO_ROOM
from mesh.core.represent import CBOR
from mesh.core.run import check_wishes, size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.endpoint import Endpoint
    from mesh.core.feeds import Feeds
    from mesh.core.primitives import Kit
    from mesh.core.replies import Ticket

OTHERS = b""  # the key that stands for all feeds that are not named
OPTIONS = 64  # bytes of a notification besides its payload, at most
SEALED = 112  # of a first answer, which is signed: a whole run has room in it
AGAIN_MS = 1000  # after a lack of memory
WHOLE_MS = 2000  # in which a body in blocks is fetched: the next one would take its place
HEAD_SIZE = 160


class Telling:
    """Listeners by the ticket of their observation.

    linked(now_ms, peer, address) is called for each peer that makes us its link.
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
        feeds.changed = self.changed

    def answer(
        self,
        who: "bytes | None",
        wanted: object,
        query: "list[str]",
        asker: "Listener | None" = None,
    ) -> object:
        """The content of /feeds: heads; evidence; or what is new for a map of wishes. Who asks for
        the last can be given to open() afterwards, if the question may begin an observation.
        """
        if "evidence" in query:
            from mesh.core import evidence  # noqa: PLC0415 - heap only where it is used

            return evidence.pairs(self._kit, self.feeds, wanted, self._room(query))
        if wanted is None:
            return self.feeds.heads()
        check_wishes(wanted)
        wishes: Any = wanted
        if len(wishes) > self._endpoint.limits.peers + 1:
            raise RemoteError("too many wishes", 0x8D)
        listener = asker or Listener(who, 0, None)
        self._note(listener, wishes)
        self._succeed(listener)
        ticket = listener.ticket
        if ticket is None or not self._endpoint.observable(ticket):
            return self._news(listener, [], self._room(query), True, False)
        # in one datagram: what is told next could come before the rest of it
        return self._news(listener, [], self._endpoint.room(ticket) - SEALED, True, True)

    def _succeed(self, listener: Listener) -> None:
        """A peer has one link to us: its latest word on it ends the former, so that there is
        room; one that was recorded earlier changes nothing.
        """
        ticket = listener.ticket
        if ticket is None or ticket.observe != 0:
            return
        for old, one in list(self.table.items()):
            if one.links and listener.links and one.peer == listener.peer:
                if one.counter >= listener.counter:
                    ticket.observe = None
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
            mine = feed.author if feed else author  # not one more copy for each that listens
            if first is None:
                if feed and author == listener.peer:
                    feed.unknown_to(author)  # it asks what we hold of its own
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
        """Note of whom a listener has not been told, which was told all up to a cursor of ours."""
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

    def _room(self, query: "list[str]") -> int:
        """How many bytes an answer may have: what a board takes, or what is asked for."""
        for part in query:
            if part[:4] == "max=" and part[4:] and not part[4:].strip("0123456789"):
                return min(int(part[4:9]), self._endpoint.limits.body - 200)
        return min(3600, self._endpoint.limits.body - 200)

    def open(self, now_ms: int, listener: Listener) -> "int | None":
        """Have one who was answered told of what comes; its first Observe number, or None if it
        asked for nothing that can be observed.
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
        """An observer is gone."""
        self.table.pop(ticket, None)

    def listens(self, peer: bytes) -> bool:
        """Whether a peer has made us its link."""
        return True in [one.peer == peer and one.others for one in self.table.values()]

    def changed(self, author: bytes) -> None:
        """Note that there is news of a feed."""
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
        """Tell what is to be told by now, to whoever got what was told before."""
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
                    self._changed = True  # look again when something came

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
        # an address that is not proven gets a short one first; if it says that it came, whole ones
        with_heads = listener.due_ms is None or now_ms >= listener.due_ms
        self._news(listener, news, room - OPTIONS, with_heads, room < most)
        if not news and room == most:
            return
        payload = self._kit.encode(news)
        if len(payload) + OPTIONS > most:
            listener.hold_ms = now_ms + WHOLE_MS
        message = coap.Message(coap.CONTENT, payload).add(coap.OBSERVE, self._endpoint.order())
        message.add(coap.CONTENT_FORMAT, CBOR)
        if not self._endpoint.notify(now_ms, ticket, message, confirm=True):
            self.close(ticket)
        elif listener.runs or listener.forks:
            self._changed = True

    def _news(
        self, listener: Listener, news: "list[Any]", room: int, with_heads: bool, strict: bool
    ) -> "list[Any]":
        """What a listener is to be told next, of about so many bytes; `strict`: no more at all."""
        feeds = self.feeds
        for author in sorted(listener.runs):
            room = self._add_runs(listener, author, news, room, strict)
            if author in listener.runs:
                room = 0
                break
        if listener.forks and room > 0:
            news.append({})
            for author in sorted(listener.forks)[: max(1, room // 48)]:
                listener.forks.discard(author)
                forked: Any = feeds.get(author)
                news[-1][author] = forked.fork[0] if forked and forked.fork else 0
                room -= 48
        if with_heads:
            self._add_heads(listener, news, room, strict)
        if listener.others and not (listener.runs or listener.heads or listener.forks):
            news.append(feeds.version)
        return news

    def _add_heads(self, listener: Listener, news: "list[Any]", room: int, strict: bool) -> None:
        feeds = self.feeds
        for author in sorted(listener.heads):
            room -= HEAD_SIZE
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
        """Add the runs of an author that a listener lacks; the room that is left."""
        feeds = self.feeds
        feed = feeds.get(author)
        if feed and listener.peer in feed.known and feed.source == listener.peer:
            listener.wanted[author] = feed.next_seq  # it had them before us
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
