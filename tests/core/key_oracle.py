"""The rule of successions once more, as plainly as it can be said: lists of facts, looked through
anew for each question. Slow, and shares nothing with what it is compared with but the bodies.
"""


class KeyOracle:
    """Facts, and the questions of docs/protocol.md section 13, Keys."""

    def __init__(self, sha256):
        self.sha256 = sha256
        self.keys, self.marks, self.forks = [], [], []

    def take(self, fact):
        what, *rest = fact
        {"key": self.keys, "mark": self.marks, "fork": self.forks}[what].append(tuple(rest))

    def counts_until(self, who):
        """The first seq of a feed that counts no more."""
        return min([at for peer, at in self.forks if peer == who] + [1 << 60])

    def committed(self, who, until):
        return {
            key.commitment
            for _, author, seq, key in self.keys
            if author == who
            and key.commitment is not None
            and seq <= until
            and seq < self.counts_until(who)
        }

    def claims(self, old):
        """(new, ref, seq) of each first entry that goes on with a feed."""
        firsts = [
            (author, ref, key.old)
            for ref, author, seq, key in self.keys
            if seq == 1 and key.old is not None and key.old[0] != author
        ]
        found = set()
        for new, ref, said in firsts:
            alone = {one for one in firsts if one[0] == new} == {(new, ref, said)}
            if said[0] == old and alone and self.counts_until(new) > 1:
                found.add((new, ref, said[1]))
        return found

    def said(self, who, word, ref):
        return (who, ref, word) in self.marks

    def speaks(self, guardian, ref, trail):
        """Whether a guardian, or a claimant of it that counts, said yes."""
        if self.said(guardian, 1, ref):
            return True
        return any(
            self.speaks(new, ref, trail)
            for new, other, _ in self.claims(guardian)
            if other not in trail and self.stands(guardian, other, trail | {ref})
        )

    def stands(self, old, ref, trail=frozenset()):
        new, seq = {other: (new, seq) for new, other, seq in self.claims(old)}[ref]
        committed = self.committed(old, seq)
        if len(committed) != 1:
            return False
        following, guardians, need = committed.pop()
        if following == self.sha256(new):
            return True
        if self.said(old, 0, ref):
            need = len(guardians)
        spoke = [one for one in guardians if self.speaks(one, ref, trail | {ref})]
        return need > 0 and len(spoke) >= need

    def standing(self, old):
        return [one for one in self.claims(old) if self.stands(old, one[1])]

    def successor(self, old):
        """The new id and the end, or None."""
        found = self.standing(old)
        if len(found) != 1:
            return None
        at, seen = found, []
        while len(at) == 1 and at[0][0] not in seen:
            seen.append(at[0][0])
            at = self.standing(at[0][0])
        return None if old in seen else (found[0][0], found[0][2])

    def now(self, peer):
        while self.successor(peer) is not None:
            peer = self.successor(peer)[0]
        return peer

    def same(self, one, other):
        def names(who, whom):
            return any(author == who and whom in key.same for _, author, _, key in self.keys)

        return names(one, other) and names(other, one)
