"""Resumes the own feed after a rollback, beyond what a peer can prove that we signed.

Not at the next seq, as that peer need not hold all that was signed, but where no seq can have been
used: see after(). If that happens again and again, another peer has the same key, and nothing more
is signed (docs/protocol.md section 6).
"""

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec.formats import CBOR
from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import Restored
from mesh.core.feed.chain import open_head, read_entry, seam
from mesh.core.security.signed_client import Ask, request_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from mesh.core.discovery.contacts import Contacts
    from mesh.core.events import Answer
    from mesh.core.feed.feed import Feed
    from mesh.core.feed.feeds import Feeds
    from mesh.core.kit import Kit
    from mesh.core.security.signed_client import SignedClient

    class Rollback(Protocol):
        """Interface of what detects a rollback: see mesh.core.replication.rollback."""

        kit: Kit
        feeds: Feeds
        asks: SignedClient
        contacts: Contacts
        emit: Callable[[object], None]
        asking: list[bytes]
        leaps: int
        due_ms: int | None

        def leapt(self, now_ms: int) -> None:
            """Note that the feed went on elsewhere, or ended."""
            ...


MOST_LEAPS = 2  # in one start; more mean that another peer has our key
SPAN = 32  # bits of a span of seqs: more than one start can use, so no two starts share a span
MOST_SPANS = 1 << 21  # a seq stays below 2^53
GOES_ON = "restored from an older copy: others hold newer entries of this feed"
STOPS = "another peer signs with this key, so nothing is published: `mesh id renew` makes another"


def after(random: "Callable[[int], bytes]", boots: int, highest: int) -> int:
    """A seq that no start can have used, to continue after. It lies in a new span of seqs, at a
    random place, as two copies may count the same starts.
    """
    span = max(boots if boots < MOST_SPANS // 2 else 0, (highest >> SPAN) + 1)
    if span >= MOST_SPANS:
        raise LocalError("this feed has no seqs left", "`mesh id renew` makes another identity")
    return (span << SPAN) + int.from_bytes(random(4), "big") // 2


def leap(kit: "Kit", own: "Feed", boots: int, highest: int) -> int:
    """Continue the feed where no seq was used, also beyond `highest`. Gives its first seq there.

    Entries that were appended and not signed yet are moved there.
    """
    start = after(kit.random, boots, max(highest, own.next_seq - 1))
    waiting = own.behind(max(own.since, own.held[0] if own.held else 0))
    own.resume(start + 1, seam(kit, own.author, start), ())
    for entry in waiting:
        clock: Any
        _, clock, kind, body = read_entry(kit, entry)
        own.append(clock, kind, body)
    return start + 1


def ask(newest: "Rollback", now_ms: int, peer: bytes) -> None:
    """Request of a peer its proof of what it holds of our feed: a head that we signed."""
    contact, own = newest.contacts.get(peer), newest.feeds.own
    ended = own.quiet and newest.due_ms is None  # nothing more of it is ever asked for
    if ended or contact is None or contact.address is None:
        return

    def done(now_ms: int, _: Ask, answer: "Answer") -> None:
        newest.asking.remove(peer)
        if answer.signed and answer.code == codes.CONTENT:
            try:
                _take(newest, now_ms, peer, newest.kit.decode(answer.payload))
            except RemoteError:  # not signed by us: ignored
                pass

    body = newest.kit.encode({own.author: None})
    try:
        newest.asks.put(
            now_ms,
            Ask(peer, contact.address, (CBOR, body), done),
            request_for(coap.FETCH, ["feeds"]),
        )
        newest.asking.append(peer)
    except LocalError:  # all exchanges are in use: its next answer to /peer says it again
        pass


def _take(newest: "Rollback", now_ms: int, peer: bytes, told: "Any") -> None:  # noqa: ANN401
    own = newest.feeds.own
    for head in told if isinstance(told, list) else ():
        if isinstance(head, bytes):
            seq, link = open_head(newest.kit, own.author, head)
            known = own.first_seq - 1 <= seq < own.next_seq
            if seq >= own.next_seq or (known and own.link_at(seq) != link):
                _go_on(newest, now_ms, peer, seq)


def _go_on(newest: "Rollback", now_ms: int, peer: bytes, seq: int) -> None:
    """Resume the feed beyond `seq`, which a peer proved; or end it, if that happened too often."""
    feeds = newest.feeds
    first, last = feeds.own.since + 1, feeds.own.next_seq - 1
    begins, why = 0, STOPS
    if newest.leaps < MOST_LEAPS:
        try:
            begins, why = leap(newest.kit, newest.feeds.own, 0, seq), GOES_ON
        except LocalError as error:
            why = error.detail
    if feeds.archive is not None and first <= last:
        # others hold other entries at these seqs
        feeds.archive.hide(feeds.own.author, first, last)
    if not begins:
        feeds.own.hush(True, why)
    newest.emit(Restored(peer, begins, why))
    newest.leapt(now_ms)
