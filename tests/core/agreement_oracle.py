"""The rule of agreements once more, as plainly as it can be said: sets, and recursion without
memory. Slow, and shares nothing with what it is compared with but the bodies.
"""

from mesh.core.relations.pact import FOUNDING, PROMISE, RULE, SIDE, WITH


class Oracle:
    """Facts, and the questions of docs/protocol.md section 13."""

    def __init__(self):
        self.pacts, self.authors, self.said, self.forks = {}, {}, set(), set()

    def take(self, fact):
        what, who, ref, *rest = fact
        if what == "pact":
            self.pacts[ref], self.authors[ref] = rest[0], who
        elif what == "fork":
            self.forks.add(who)
        else:
            self.said.add((what, who, ref))

    def has(self, word, who, ref):
        return (word, who, ref) in self.said

    def members(self, ref):
        pact = self.pacts[ref]
        if pact.judged in (FOUNDING, PROMISE, WITH):
            return [self.authors[ref]] + [p for p in pact.parties if p != self.authors[ref]]
        old = self.members(pact.within)
        if pact.judged == SIDE:
            return old
        return [one for i, one in enumerate(old) if i not in pact.drop] + pact.add

    def double(self, who):
        both = [ref for ref in self.pacts if self.has(1, who, ref) and self.has(0, who, ref)]
        return who in self.forks or bool(both)

    def has_left(self, who, ref):
        while ref is not None:
            if self.has(4, who, ref):
                return True
            if who in self.pacts[ref].add:
                return False
            ref = self.pacts[ref].within
        return False

    def lets_go(self, ref):
        """Whom a pact drops that does nothing else than to drop leavers."""
        pact = self.pacts[ref]
        if pact.judged != RULE or pact.add or not pact.drop or pact.text or pact.terms:
            return set()
        old = self.members(pact.within)
        out = {old[seat] for seat in pact.drop}
        right = 2 * (pact.need - 1) <= len(old) - len(out) < 2 * pact.need
        return out if right and all(self.has_left(one, pact.within) for one in out) else set()

    def counts(self, who, ref):
        return self.has(1, who, ref) or self.double(who) or who in self.lets_go(ref)

    def holds(self, ref):
        pact = self.pacts.get(ref)
        if pact is None:
            return False
        if pact.within is None:
            return all(self.has(1, one, ref) for one in pact.parties)
        if not self.holds(pact.within):
            return False
        old = self.members(pact.within)
        if sum(self.counts(one, ref) for one in old) < self.pacts[pact.within].need:
            return False
        if pact.judged == SIDE:
            return True
        new = self.members(ref)
        return (
            2 * pact.need > len(new) >= pact.need
            and sum(self.counts(one, ref) for one in new) >= pact.need
            and all(self.has(1, one, ref) for one in pact.add)
        )

    def dead(self, ref):
        pact = self.pacts[ref]
        if pact.within is None or pact.within not in self.pacts:
            return False
        if self.pacts[pact.within].judged not in (FOUNDING, RULE):
            return False
        old = self.members(pact.within)
        no = sum(self.has(0, one, ref) for one in old)
        return no >= len(old) - self.pacts[pact.within].need + 1

    def signed(self, who, ref):
        after = [r for r, p in self.pacts.items() if p.after == ref and p.judged == RULE]
        return self.has(1, who, ref) or any(self.signed(who, one) for one in after)

    def now(self, start, me):
        at = start
        while True:
            good = [r for r, p in self.pacts.items() if p.judged == RULE and p.after == at]
            good = [ref for ref in good if self.holds(ref)]
            best = [r for r in good if set(good) - {r} <= set(self.pacts[r].voids)]
            if len(best) != 1:
                mine = [ref for ref in good if self.signed(me, ref)]
                best = mine if len(mine) == 1 else best
            if len(best) != 1:
                return at, sorted(good)
            at = best[0]
