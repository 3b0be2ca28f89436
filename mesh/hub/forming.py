"""A desktop's part in agreements, where its settings have `relations`; and /relations, anyway."""

from pathlib import Path
from typing import Any, cast

from mesh.core.feed.chain import read_entry
from mesh.core.full.archived import Archived
from mesh.core.node import Node
from mesh.core.relations.agreements import Agreements
from mesh.core.relations.facts import Caps
from mesh.core.relations.mark import YES
from mesh.core.relations.partaking import Relating
from mesh.core.resources.relation_runs import answer, join
from mesh.hub.desktop_kit import make_kit
from mesh.hub.store.queries import Queries
from mesh.hub.store.statement_places import StatementPlaces
from mesh.hub.store.statements import Stated, stated

CAPS = {"circles": 64, "open": 64, "of_one": 16, "refs": 4096, "peers": 4096}


def begin(node: Node, path: Path) -> Relating | None:
    """Have a node answer for what its store at `path` has, and if its settings name peers, form
    agreements with them: the part for that. To be called once the store is open, before the start.
    """
    feeds = cast("Archived", node.peer.feeds)
    answer(node.peer, StatementPlaces(feeds.archive.database))
    if not node.profile.relations:
        return None
    me = node.peer.id
    with Queries(path) as store:
        found = stated(store, me)
    relating = join(node, _concerning(found, me))
    for peer in relating.seen:
        _note_seen(relating, feeds, peer)
    for ref, clock in _said(found, feeds, me).items():
        relating.said[ref] = clock
    return relating


def _concerning(found: Stated, me: bytes) -> Agreements:
    """Of all that is stated, what concerns this peer: what names it, and what that stands on, or
    what stands on that.
    """
    pacts = {ref: one.pact for ref, one in found.statements.items()}
    wanted = {
        ref
        for ref, one in found.statements.items()
        if one.author == me or me in one.pact.add + one.pact.parties
    }
    before = -1
    while before < len(wanted):
        before = len(wanted)
        named = {one for ref in wanted for one in (pacts[ref].within, pacts[ref].after)}
        wanted |= {ref for ref in named if ref is not None} & pacts.keys()
        wanted |= {ref for ref, one in pacts.items() if one.within in wanted}
    facts = Agreements(make_kit(), me)
    for ref in wanted:
        facts.pact(ref, found.statements[ref].author, pacts[ref])
        for word in found.words.get(ref, ()):
            facts.mark(word.author, word.mark)
    for author in found.agreements.forkers():
        facts.forked(author)
    capped = Agreements(make_kit(), me, Caps(**CAPS))
    capped.restore(facts.kept())
    return capped


def _note_seen(relating: Relating, feeds: Archived, peer: bytes) -> None:
    """Note how far a feed was looked at: the store has taken all of it that it holds."""
    gaps = feeds.archive.missing(peer)
    if feeds.get(peer) is not None:
        low, high = (gaps[0][0] - 1, gaps[-1][1]) if gaps else (0, 0)
        relating.seen[peer][:] = [feeds.next_seq(peer) - 1, low, high]


def _said(found: Stated, feeds: Archived, me: bytes) -> dict[bytes, list[int | None]]:
    """The clocks of what this peer proposed, or said yes to, and what has an end."""
    clocks = {}
    for ref, one in found.statements.items():
        if one.pact.end_s is None:
            continue
        if one.author == me:
            clocks[ref] = one.clock
        for word in found.words.get(ref, ()):
            if word.author == me and word.mark.word == YES:
                run: Any = feeds.run(me, word.seq)
                if run is not None and run[1] <= word.seq < run[1] + len(run[3]):
                    clocks[ref] = read_entry(make_kit(), run[3][word.seq - run[1]])[1]
    return clocks
