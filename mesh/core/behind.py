"""The own feed goes on behind what others hold of it, if they can prove that we signed that.

It never goes on at the seq that follows: what one peer holds need not be all that was signed.
Where it goes on nobody can have been: see after(). A peer to which this happens again and again is
one of two that have the same key: it signs nothing more (docs/protocol.md section 6).
"""

from mesh.core import coap
from mesh.core.asks import Ask, request_for
from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import Restored
from mesh.core.represent import CBOR
from mesh.core.run import open_head, read_entry, seam

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.events import Answer
    from mesh.core.feed import Feed
    from mesh.core.newest import Newest
    from mesh.core.primitives import Kit

MOST_LEAPS = 2  # in one start: after that there is another one with our key
SPAN = 32  # bits: no start says so much, so whoever begins in another span meets nobody
MOST_SPANS = 1 << 21  # a seq stays below 2^53
GOES_ON = "restored from an older copy: others hold newer entries of this feed"
STOPS = "another peer signs with this key, so nothing is published: `mesh id renew` makes another"


def after(random: "Callable[[int], bytes]", boots: int, highest: int) -> int:
    """A seq to go on behind, that no start can have used: in a span of its own, and at random in
    it, as two copies may count the same starts.
    """
    span = max(boots if boots < MOST_SPANS // 2 else 0, (highest >> SPAN) + 1)
    if span >= MOST_SPANS:
        raise LocalError("this feed has no seqs left", "`mesh id renew` makes another identity")
    return (span << SPAN) + int.from_bytes(random(4), "big") // 2


def leap(kit: "Kit", own: "Feed", boots: int, highest: int) -> int:
    """Have a feed go on where no seq was used, beyond `highest` too; the seq that it begins with.

    What was appended and not signed yet comes with it.
    """
    start = after(kit.random, boots, max(highest, own.next_seq - 1))
    waiting = own.behind(max(own.since, own.held[0] if own.held else 0))
    own.resume(start + 1, seam(kit, own.author, start), ())
    for entry in waiting:
        clock: Any
        _, clock, kind, body = read_entry(kit, entry)
        own.append(clock, kind, body)
    return start + 1


def ask(newest: "Newest", now_ms: int, peer: bytes) -> None:
    """Ask a peer for its proof of what it holds of us: a head that we signed."""
    contact = newest.contacts.get(peer)
    if contact is None or contact.address is None:
        return
    own = newest.feeds.own

    def done(now_ms: int, _: Ask, answer: "Answer") -> None:
        newest.asking.remove(peer)
        if answer.signed and answer.code == coap.CONTENT:
            try:
                _take(newest, now_ms, peer, newest.kit.decode(answer.payload))
            except RemoteError:  # no word of ours: whatever that peer says, we go on
                pass

    body = newest.kit.encode({own.author: None})
    try:
        newest.asks.put(
            now_ms,
            Ask(peer, contact.address, (CBOR, body), done),
            request_for(coap.FETCH, ["feeds"]),
        )
        newest.asking.append(peer)
    except LocalError:  # every exchange is in use: its next sign of life tells it again
        pass


def _take(newest: "Newest", now_ms: int, peer: bytes, told: "Any") -> None:  # noqa: ANN401
    own = newest.feeds.own
    for head in told if isinstance(told, list) else ():
        if isinstance(head, bytes):
            seq, link = open_head(newest.kit, own.author, head)
            known = own.first_seq - 1 <= seq < own.next_seq
            if seq >= own.next_seq or (known and own.link_at(seq) != link):
                _go_on(newest, now_ms, peer, seq)


def _go_on(newest: "Newest", now_ms: int, peer: bytes, seq: int) -> None:
    """Sign nothing more where others have been before us."""
    feeds = newest.feeds
    first, last = feeds.own.since + 1, feeds.own.next_seq - 1
    begins, why = 0, STOPS
    if newest.leaps < MOST_LEAPS:
        try:
            begins, why = leap(newest.kit, newest.feeds.own, 0, seq), GOES_ON
        except LocalError as error:
            why = error.detail
    if feeds.archive is not None and first <= last:
        feeds.archive.hide(feeds.own.author, first, last)  # others hold what came before it
    if not begins:
        newest.end(why)
    newest.emit(Restored(peer, begins, why))
    newest.leapt(now_ms)
