"""Invariants of agreements: what each peer works out, against what all said together."""

import random
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from mesh.core.kit import Kit
from mesh.core.node import Node
from mesh.core.relations import mark, pact
from mesh.core.relations.agreements import Agreements
from mesh.core.relations.clocks import between
from mesh.core.relations.facts import COUNTED
from mesh.core.relations.mark import LEAVE, NO, YES
from mesh.core.relations.promised import Every
from mesh.lab.simulate.known_facts import FORK, Fact, Key, told
from mesh.lab.simulate.ledger import Author, Ledger
from mesh.lab.simulate.pretend_relating import Relating
from mesh.lab.simulate.timeline import Broken

LOOK = 6  # changes of what a peer knows between looks at what follows
CAPS = "memory stays within the caps"
LESS = "who knows less of agreements claims no more"
GROWS = "what held, or was refused, stays so"
NAMED = "each dispute names a liar, and nobody honest"
OWN = "nobody acts without its own yes"
ORDER = "agreements do not depend on the order of what was said"
SAME = "who knows the same agrees on agreements"
VOICES = "what holds has the voices that its rule asks for"
GAP = "a gap is no broken promise"
ALL = "desktops hear of all that was agreed"


class Host(Protocol):
    """What is used of mesh.lab.simulate.host.Host."""

    label: str
    kind: str
    honest: bool
    up: bool
    public: bytes
    author: Author
    relating: Relating | None
    archive: Any

    @property
    def node(self) -> Node:
        """The running node."""
        ...


class Accord:
    """All that anybody said about agreements, and what follows. `peers`: who may be asked into
    circles; `reach`: gives the honest peers that a peer can ask now.
    """

    def __init__(self, kit: Kit, ledger: Ledger, draw: random.Random) -> None:
        self.full = Agreements(kit)
        self.facts: dict[Key, Fact] = {}
        self.peers: list[bytes] = []
        self.disputes = self.held = self.ran = self.misses = 0
        self.reach: Any = lambda _: ()
        self._kit, self._ledger, self._draw = kit, ledger, draw
        self._excused: set[bytes] = set()
        self._changes: dict[str, int] = {}
        # label: what held, and what was refused, when it was looked at last
        self._before: dict[str, tuple[Agreements, set[bytes], set[bytes]]] = {}

    def step(self, host: Host, now_ms: int) -> None:
        """Note what a peer has heard, or said; now and then look at what it makes of that."""
        part = host.relating
        if part is None:
            return
        part.settle()
        if not part.fresh:
            return
        for fact in part.fresh:
            self._know(host, fact)
        changes = self._changes[host.label] = self._changes.get(host.label, 0) + len(part.fresh)
        part.fresh.clear()
        if host.honest and changes >= LOOK:
            self._changes[host.label] = 0
            self.look(host, part, now_ms)

    def _know(self, host: Host, fact: Fact) -> None:
        if fact.author == host.public and host.honest:
            self._excuse(host)
        if fact.key in self.facts:
            return
        self.facts[fact.key] = fact
        tell(self.full, fact)

    def _excuse(self, host: Host) -> None:
        """Whether a peer that speaks has forgotten what it said, and nobody that it can ask holds
        that. Then it may contradict itself, and is no liar.
        """
        known = host.relating.notes.facts if host.relating else {}
        forgotten = [
            fact
            for key, fact in self.facts.items()
            if fact.author == host.public and fact.what in (pact.NAME, mark.NAME)
            if key not in known
        ]
        if forgotten and not any(
            _holds(other, fact) for other in self.reach(host) for fact in forgotten
        ):
            self._excused.add(host.public)

    def look(self, host: Host, part: Relating, now_ms: int) -> None:
        """Check what a peer makes of what it knows."""
        mine = part.agreements
        held = {ref for ref in mine.pacts if mine.holds(ref)}
        dead = {ref for ref in mine.pacts if mine.dead(ref)}
        before = self._before.get(host.label)
        if (
            before is not None
            and before[0] is mine
            and not (before[1] <= held and before[2] <= dead)
        ):
            raise Broken(GROWS, f"{host.label} takes back what it said of an agreement")
        old = before[1] if before is not None and before[0] is mine else set()
        self._before[host.label] = mine, held, dead
        for ref in sorted(held - old):
            check_voices(host.label, mine, list(part.notes.facts.values()), ref)
        if any(not self.full.holds(ref) for ref in held):
            raise Broken(LESS, f"{host.label} says that something holds that does not")
        if any(not self.full.dead(ref) for ref in dead):
            raise Broken(LESS, f"{host.label} says that something is refused that is not")
        self._check_caps(host, part)
        self._check_running(host, part, now_ms)
        self._check_missed(host, part)

    def _check_caps(self, host: Host, part: Relating) -> None:
        caps, mine = part.caps, part.agreements
        if caps is not None:
            many = (len(mine.pacts), len(mine._said), len(mine._ids))
            words = caps.refs + len(COUNTED) * len(mine.pacts)
            most = (caps.refs + caps.circles, words, caps.peers)
            if any(have > cap for have, cap in zip(many, most, strict=True)):
                raise Broken(CAPS, f"{host.label} has {many} agreements, words and peers")

    def _check_running(self, host: Host, part: Relating, now_ms: int) -> None:
        for ref, _ in part.running(now_ms):
            self.ran += 1
            wrote = self.full.authors.get(ref) == host.public
            if not wrote and host.public not in self.full.said(ref, YES):
                raise Broken(OWN, f"{host.label} acts by what it did not accept")
            if not self.full.holds(ref):
                raise Broken(LESS, f"{host.label} acts by what is not in force")

    def _check_missed(self, host: Host, part: Relating) -> None:
        """Check that each miss that a peer can prove is one by the author's whole feed."""
        for who, every in part.kept.values():
            author = self._ledger.authors[who]
            if every.proof is not None and author.honest:
                self.misses += 1
                if not self._is_missed(author, every):
                    raise Broken(GAP, f"{host.label} says {author.label} missed what it did not")

    def _is_missed(self, author: Author, every: Every) -> bool:
        low, high, _ = every.proof or (0, 0, 0)
        some = sorted(seq for seq in author.entries if low <= seq <= high)
        values = [value for seq in some for value in author.entries[seq].values()]
        said = [told(value[2], value[3]) for value in values]
        read = [measured for measured, _ in said if measured]
        slept = sum(1000 * seconds for _, seconds in said)
        passed = between(values[0][1], values[-1][1]) if len(read) == 2 else None  # noqa: PLR2004
        return passed is not None and passed - slept > every.limit_ms

    def end(self, hosts: Sequence[Host], now_ms: int) -> None:
        """Check what can only be checked when all have heard of all."""
        there = [host for host in hosts if host.up and host.honest and host.relating]
        for host in there:
            part = host.relating
            assert part is not None  # noqa: S101
            self.look(host, part, now_ms)
            self._check_order(host, part)
            if host.kind == "desktop":
                self._check_all(host, part, there)
        self._check_same(there)
        self.held = sum(
            1 for ref, one in self.full.pacts.items() if one.after and self.full.holds(ref)
        )
        self._check_disputes()

    def _check_order(self, host: Host, part: Relating) -> None:
        facts = list(part.notes.facts.values())
        self._draw.shuffle(facts)
        other = Agreements(self._kit, host.public)
        for fact in facts:
            tell(other, fact)
        if _summary(other) != _summary(part.agreements):
            raise Broken(ORDER, f"{host.label} has another result from the same in another order")

    def _check_same(self, hosts: Sequence[Host]) -> None:
        """Check that those that know the same have the same result, but for disputes, in which
        each stays with its own word.
        """
        found: dict[frozenset[Key], tuple[Host, object]] = {}
        for host in hosts:
            part = host.relating
            assert part is not None  # noqa: S101
            said = _summary(part.agreements, own=False)
            first, before = found.setdefault(frozenset(part.notes.facts), (host, said))
            if before != said:
                raise Broken(SAME, f"{host.label} and {first.label} know the same, and disagree")

    def _check_all(self, host: Host, part: Relating, hosts: Sequence[Host]) -> None:
        """Check that a desktop knows what all honest peers that are up have said."""
        for other in hosts:
            words = other.relating.notes.facts.values() if other.relating else ()
            for fact in (one for one in words if one.author == other.public):
                if fact.key not in part.notes.facts and _holds(host, fact):
                    what = f"{host.label} has not heard what {other.label} said in {fact.seq}"
                    raise Broken(ALL, what)

    def _check_disputes(self) -> None:
        for one, other in disputes(self.full):
            self.disputes += 1
            named = self.full.liars(one, other)
            if not named:
                raise Broken(NAMED, "two rivals hold, and nobody is named")
            for who in named:
                author = self._ledger.authors.get(who)
                if author is not None and author.honest and who not in self._excused:
                    raise Broken(NAMED, f"{author.label} is named, and did not lie")


def check_voices(label: str, agreements: Agreements, facts: list[Fact], ref: bytes) -> None:
    """Broken if a pact in a circle holds by fewer voices than the number that is written in the
    version by whose rule it is: of members who said yes, lied, or left and are let go by it. The
    words are counted plainly here.
    """
    one = agreements.pacts[ref]
    if one.within is None:
        return
    words = {(fact.author, fact.value.word, fact.ref) for fact in facts if fact.what == mark.NAME}
    liars = {fact.author for fact in facts if fact.what == FORK}
    liars |= {who for who, word, at in words if word == NO and (who, YES, at) in words}
    base = agreements.members(one.within) or []
    gone = {base[seat] for seat in one.drop if seat < len(base)}
    left = {who for who, word, _ in words if word == LEAVE}
    voices = [who for who in base if who in liars | (gone & left) or (who, YES, ref) in words]
    if len(voices) < agreements.pacts[one.within].need:
        raise Broken(VOICES, f"{label}: {len(voices)} of {len(base)} are enough")
    if any((who, YES, ref) not in words for who in one.add):
        raise Broken(VOICES, f"{label}: somebody is a member who did not say yes")


def tell(agreements: Agreements, fact: Fact) -> None:
    """Give a fact to what evaluates it."""
    if fact.what == pact.NAME:
        agreements.pact(fact.ref, fact.author, fact.value)
    elif fact.what == mark.NAME:
        agreements.mark(fact.author, fact.value)
    else:
        agreements.forked(fact.author)


def disputes(agreements: Agreements) -> Iterator[tuple[bytes, bytes]]:
    """The pairs of rivals that both hold."""
    for one in agreements.pacts:
        if agreements.holds(one):
            for other in agreements.rivals(one):
                if one < other and one in agreements.rivals(other):
                    yield one, other


def _summary(agreements: Agreements, own: bool = True) -> object:
    """What follows from facts, as plain data. `own`: by the peer's own word, too."""
    rows = {}
    for ref in agreements.pacts:
        row: tuple[Any, ...] = agreements.holds(ref), agreements.dead(ref), agreements.members(ref)
        rows[ref] = (*row, agreements.state(ref), agreements.now(ref)) if own else row
    return rows


def _holds(host: Host, fact: Fact) -> bool:
    """Whether a peer has the entry of a fact."""
    if host.archive is not None:
        return bool(host.archive.holds(fact.author, fact.seq))
    feed = host.node.peer.feeds.foreign.get(fact.author)
    return feed is not None and feed.first_seq <= fact.seq < feed.next_seq
