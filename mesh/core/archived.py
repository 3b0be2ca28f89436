"""What only those need who keep more than the tails of feeds: desktops, with a store.

An archive has heads() -> {author: (next seq, link of the last entry, head up to it)}, proofs() ->
{author: (a, b)}, took(author, run), run(author, first, most bytes), missing(author) ->
[(first, last)], evidence(author, a, b) and flush(), which may raise LocalError. It may have
admit(author, size, teller, asked=), which raises RemoteError if it has no room: asked before
anything is checked. hide(author, first, last) names entries that run() gives to nobody any more.
"""

from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed import Fork
from mesh.core.run import MORE, author_of, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.feed import Feed
    from mesh.core.feeds import Feeds
    from mesh.core.limits import Limits
    from mesh.core.primitives import Kit
    from mesh.core.run import Run


def resume(feeds: "Feeds", limits: "Limits") -> None:
    """Begin the feeds where the archive has them, those first that are wanted most; what was
    missing when it was closed is looked for again.
    """
    archive = feeds.archive
    heads = archive.heads()
    proofs = archive.proofs()
    for author in sorted(heads, key=lambda author: (-feeds.wants(author), author)):
        if author != feeds.own.author and len(feeds.foreign) < limits.peers:
            next_seq, link, head = heads[author]
            feeds.begin(author, next_seq - 1, link, head)
            if feeds.wants(author) and archive.missing(author):
                feeds.gapped(author)
    for author in sorted(proofs):
        try:
            feeds.prove(author, list(proofs[author]))
        except RemoteError:
            continue  # it proves nothing by the rules of today


def offered(feeds: "Feeds", runs: "list[Any]", who: "bytes | None") -> None:
    """RemoteError unless the archive has room for all these runs, which nobody asked for."""
    for run in runs:
        author = author_of(run)
        if author != feeds.own.author and feeds.wants(author):
            _let_in(feeds, author, run, who, False)


def admit(feeds: "Feeds", author: bytes, value: object, teller: "bytes | None") -> None:
    """RemoteError unless the archive has room for what a peer told, as it was asked to. Without a
    teller it was offered, and let in before.
    """
    if teller is not None:
        _let_in(feeds, author, value, teller, True)


def _let_in(
    feeds: "Feeds", author: bytes, value: object, teller: "bytes | None", asked: bool
) -> None:
    rule = getattr(feeds.archive, "admit", None)
    if rule is not None:
        size = MORE
        if isinstance(value, list) and len(value) == 5 and isinstance(value[3], list):
            size += sum([len(entry) for entry in value[3] if isinstance(entry, bytes)])
        rule(author, size, teller, asked=asked)


def forget(feeds: "Feeds", author: bytes) -> None:
    """The archive dropped a feed: nothing of it is held any more."""
    feeds.foreign.pop(author, None)


def refill(feeds: "Feeds", feed: "Feed", kit: "Kit", limits: "Limits") -> None:
    """Have a feed that ended before its tail begin go on with what the archive has, up to its end:
    the last of it, as far as there is room.
    """
    end: int = feed.fork[0] if feed.fork else 0
    first = max(feed.next_seq, end - limits.foreign_tail)
    try:
        while first < end:
            run: Any = feeds.archive.run(feed.author, first, limits.run)
            if run is None or run[1] >= end:
                return
            feed.join(walk(kit, run, limits))
            if feed.next_seq <= first:
                return
            first = feed.next_seq
    except (RemoteError, LocalError):
        return  # what is kept is of the other history, or damaged: others may have it


def missing(feeds: "Feeds", run: "Run", kit: "Kit", limits: "Limits") -> "list[Any]":
    """Those entries of a run from before the tail, as they were read, that the archive lacks.

    Fork if it contradicts what is there; whether it is signed is not checked otherwise.
    """
    gaps = feeds.archive.missing(run.author)
    values = [v for v in run.values if True in [low <= v[0] <= high for low, high in gaps]]
    if not values:
        kept = feeds.archive.run(run.author, run.first, limits.run)
        if kept is not None and kept[1] == run.first:
            try:
                links = walk(kit, kept, limits).links
            except RemoteError:
                return values  # what is kept is damaged, which is not the fault of who gives this
            most = min(len(links), len(run.links))
            if kept[2] != run.before or links[:most] != run.links[:most]:
                theirs = [run.author, run.first, run.before, run.entries, run.head]
                feeds.prove(run.author, [kept, theirs])
                raise Fork(run.first, theirs)
    return values


def flush(feeds: "Feeds") -> None:
    """Have all that was taken written; RemoteError if it cannot be."""
    try:
        feeds.archive.flush()
    except LocalError as error:
        raise RemoteError("cannot be kept now: " + error.detail, 0xA3, "offer it later") from None
