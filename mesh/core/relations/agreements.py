"""What agreements are at the moment: in force, open, refused, replaced or disputed, and by whom.

This depends on facts alone, not on their order, and on one's own word where others lied
(docs/protocol.md section 13).
"""

from mesh.core.relations.facts import mask
from mesh.core.relations.mark import NO, YES
from mesh.core.relations.pact import FOUNDING, PROMISE, RULE, SIDE, WITH
from mesh.core.relations.weighing import Weighed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.relations.pact import Pact

# what an agreement is at the moment
IN_FORCE, OPEN, REFUSED, REPLACED, DISPUTED, MISFIT, UNKNOWN = (
    "in force",
    "open",
    "refused",
    "replaced",
    "disputed",
    "does not fit",
    "unknown",
)


class Agreements(Weighed):
    """A set of facts, and where each circle and agreement is by them."""

    def pact(self, ref: bytes, author: bytes, pact: "Pact") -> bool:
        """As in Facts. What is open counts for the caps, too."""
        if ref not in self.pacts and not self.has_room(author, pact):
            return False
        return super().pact(ref, author, pact)

    def now(self, start: bytes, me: "bytes | None" = None) -> "tuple[bytes, list[bytes]]":
        """Where a circle, or an agreement that others took the place of, is at the moment; and
        the rivals, if several hold and neither word of theirs nor one's own decides. `me`: whose
        own word counts, instead of that of whoever looks.
        """
        at = start
        while True:
            taken, rivals = self._step(at, self._me if me is None else me)
            if taken is None:
                return at, rivals
            at = taken

    def _step(self, at: bytes, me: "bytes | None") -> "tuple[bytes | None, list[bytes]]":
        """What takes the place of a pact, or None; and then the rivals among which nothing
        decides.
        """
        key = at, me
        if key not in self._steps:
            rivals = self._next(at)
            ended = [ref for ref in rivals if self._voids(ref, rivals)]
            if len(ended) != 1 and me is not None:
                mine = [ref for ref in rivals if self._signed(ref, me)]
                ended = mine if len(mine) == 1 else ended
            one = len(ended) == 1
            self._steps[key] = (ended[0], []) if one else (None, sorted(rivals))
        return self._steps[key]

    def _next(self, at: bytes) -> "list[bytes]":
        """Those that hold and take the place of a pact."""
        taking = self._taking.get(at)
        if taking is None:
            found = [
                one for one in self._after.get(at, ()) if self._wants(one, at) and self.holds(one)
            ]
            # judged by a later version of the circle, it counts before those of an earlier one
            older = self._below({self.pacts[ref].within for ref in found})
            taking = [ref for ref in found if self.pacts[ref].within not in older]
            self._taking[at] = taking
        return taking

    def _below(self, versions: "set[Any]") -> "set[bytes]":
        """The versions of a circle on which some others stand; each is looked at once."""
        found: set[bytes] = set()
        for version in versions if len(versions) > 1 else ():
            at = self.pacts[version].within
            while at is not None and at not in found:
                found.add(at)
                at = self.pacts[at].within
        return found

    def _wants(self, ref: bytes, at: bytes) -> bool:
        """Whether a pact is of those who may replace the one that it says to replace."""
        judged = self.pacts[ref].judged
        before = self.pacts[at].judged if at in self.pacts else -1
        if judged != (RULE if before == FOUNDING else before):
            return False
        if judged in (RULE, SIDE):
            return self.root(ref) == self.root(at)
        return set(self.members(ref) or ()) == set(self.members(at) or ())

    def _voids(self, ref: bytes, rivals: "list[bytes]") -> bool:
        voids = self.pacts[ref].voids
        few = len(rivals) <= len(voids) + 1
        return few and False not in [one in voids for one in rivals if one != ref]

    def _signed(self, ref: bytes, me: bytes) -> bool:
        """Whether a peer said yes to a pact, or to one that follows from it."""
        found = self._signs.get(me)
        if found is None:
            found = self._signs[me] = set()
            bit = self._bits.get(me)
            for (at, word), bits in self._said.items():
                if bit is not None and word == YES and bits >> bit & 1:
                    self._follow(at, found)
        return ref in found

    def _follow(self, ref: "bytes | None", found: "set[bytes]") -> None:
        """Add a pact and those in whose place it is, down to one that is there already."""
        while ref is not None and ref not in found:
            found.add(ref)
            ref = self.pacts[ref].after if ref in self.pacts else None

    def state(self, ref: bytes) -> str:
        """What a pact is at the moment, for who looks: IN_FORCE, OPEN, REFUSED, REPLACED, DISPUTED
        (also if what is to replace it is), MISFIT, or UNKNOWN as long as what it stands on is.
        """
        pact = self.pacts.get(ref)
        if pact is None or self.root(ref) is None:
            return UNKNOWN
        if self._seats(ref) is None:
            return MISFIT
        if not self.holds(ref):
            return REFUSED if self.dead(ref) else OPEN
        taken, rivals = self._step(ref, self._me)
        if pact.after is not None and self._wants(ref, pact.after):
            other, equals = self._step(pact.after, self._me)
            if other not in (None, ref):
                return REPLACED  # a rival of it is in its place, by those who voided or signed it
            rivals = rivals or equals
        return REPLACED if taken is not None else DISPUTED if rivals else IN_FORCE

    def rivals(self, ref: bytes, most: "int | None" = None) -> "list[bytes]":
        """Those that hold and want the place that a pact wants too, at most so many of them."""
        after = self.pacts[ref].after
        some = [] if after is None else self._next(after)
        if most is not None:
            some = some[: most + 1]
        return [one for one in some if one != ref][:most]

    def accepted_rivals(self, ref: bytes, me: bytes) -> "list[bytes]":
        """What keeps an honest peer from saying yes to a pact: rivals that it said yes to, and
        that were not refused.
        """
        return [one for one in self.bars(self.pacts[ref], me) if one != ref]

    def bars(self, pact: "Pact", me: bytes) -> "list[bytes]":
        """What keeps an honest peer from offering a pact, as that is an acceptance too: what it
        accepted in the place that this one wants, and that was not refused.
        """
        if pact.after is None:
            return []
        rivals = [r for r in self._standing_on(pact.within) if self.pacts[r].after == pact.after]
        return [one for one in rivals if self._accepts(one, me) and not self.dead(one)]

    def _accepts(self, ref: bytes, who: bytes) -> bool:
        """Whether a peer said yes to a pact, or is bound by it as who offers or promises it."""
        own = self.pacts[ref].judged in (PROMISE, WITH) and self.authors[ref] == who
        return own or who in self.said(ref, YES)

    def ties(self, version: bytes, me: bytes) -> "list[bytes]":
        """What keeps an honest peer from leaving a version of a circle, as that is a yes to being
        let go: changes that it said yes to, and that were not refused; or that it said no to, and
        that would let it go.
        """
        found = []
        for ref in self._standing_on(version):
            pact = self.pacts[ref]
            base = self.members(pact.within) or []
            if pact.judged == RULE:
                is_out = me in [base[i] for i in pact.drop if i < len(base)]
                accepted = me in self.said(ref, YES) and not self.dead(ref)
                if accepted or (is_out and me in self.said(ref, NO)):
                    found.append(ref)
        return found

    def _standing_on(self, version: "bytes | None") -> "list[bytes]":
        """The pacts that are judged by a version, or by one that stands on it."""
        is_on: dict[Any, bool] = {None: version is None, version: True}
        found = []
        for ref, pact in self.pacts.items():
            at = pact.within
            way = []
            while at not in is_on:
                way.append(at)
                at = self.pacts[at].within if at in self.pacts else None
            for one in way:
                is_on[one] = is_on[at] and at is not None
            if is_on[pact.within]:
                found.append(ref)
        return found

    def liars(self, one: bytes, other: bytes) -> "list[bytes]":
        """Who is to blame that two rivals hold: who signed two histories, said yes and no to one
        of them, or yes to both while neither was refused. Leaving is a yes to being let go; an
        offer and a promise are their author's yes.
        """
        within = self.pacts[one].within
        old = ~0 if within is None else mask(self._seats(within) or [])
        found = self.doubles()
        voices = []
        for ref in (one, other):
            voice = self._said.get((ref, YES), 0) | self._let_go(ref)
            if self.pacts[ref].judged in (PROMISE, WITH):
                voice |= self._bit(self.authors[ref])
            found |= voice & self._said.get((ref, NO), 0)
            voices.append(voice)
        if not (self.dead(one) or self.dead(other)):
            both = self._let_go(one) & self._let_go(other)
            found |= voices[0] & voices[1] & ~both
        return self._peers(found & old & (1 << len(self._ids)) - 1)

    def has_room(self, author: bytes, pact: "Pact") -> bool:
        """Whether one more pact is within the caps."""
        caps = self._caps
        if caps is None:
            return True
        if len(self.pacts) >= caps.refs or not self._leaves_room(author, pact):
            return False
        if pact.judged == FOUNDING:
            # who asks into circles without end keeps nobody from others
            others = [ref for ref in self.foundings() if not self._is_in(ref)]
            return self.may_join() and author not in [self.authors[ref] for ref in others]
        if pact.judged not in (RULE, SIDE):
            mine = [r for r in self.pacts if self.authors[r] == author and not self._circled(r)]
            return len(mine) < caps.open
        waiting = (OPEN, MISFIT, UNKNOWN)
        opened = [ref for ref in self.pacts if self._circled(ref) and self.state(ref) in waiting]
        by_author = [ref for ref in opened if self.authors[ref] == author]
        return len(opened) < caps.open * caps.circles and len(by_author) < caps.of_one

    def _leaves_room(self, author: bytes, pact: "Pact") -> bool:
        """Whether others have room beside it: no other peer has more than half of the places, and
        what is not in a circle of who looks names nobody new in the second half.
        """
        caps: Any = self._caps
        theirs = [ref for ref in self.pacts if self.authors[ref] == author]
        if author == self._me or self._me is None:
            return True
        if 2 * len(theirs) >= caps.refs:
            return False
        within = self.root(pact.within) if pact.within is not None else None
        if within is not None and self._is_in(within):
            return True
        new = [one for one in [author] + pact.add + pact.parties if not self.knows(one)]
        return bool(2 * (len(self._ids) + len(new)) <= caps.peers)

    def may_join(self) -> bool:
        """Whether who looks may be in one more circle."""
        inside = [ref for ref in self.foundings() if self._is_in(ref)]
        return self._caps is None or len(inside) < self._caps.circles

    def _is_in(self, founding: bytes) -> bool:
        """Whether who looks is a member of a circle; anybody is who does not say who it is."""
        return self._me is None or self._me in (self.members(self.now(founding)[0]) or [])

    def _circled(self, ref: bytes) -> bool:
        return self.pacts[ref].judged in (RULE, SIDE)
