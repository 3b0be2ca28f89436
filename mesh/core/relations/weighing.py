"""Whether an agreement is accepted as its rule asks for, by facts alone.

The answers "holds" and "dead" only grow with the facts: who knows less claims no more
(docs/protocol.md section 13).
"""

from mesh.core.relations.facts import Facts, mask, votes
from mesh.core.relations.mark import LEAVE, NO, YES
from mesh.core.relations.pact import FOUNDING, MEMBERS, RULE, SIDE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.kit import Kit
    from mesh.core.relations.pact import Pact


class Weighed(Facts):
    """A set of facts, and what follows from it for each agreement alone."""

    def members(self, ref: bytes) -> "list[bytes] | None":
        """Whom a pact is between, in the order of their seats. None as long as a version that it
        stands on is not known, or if it does not fit that.
        """
        seats = self._seats(ref)
        return None if seats is None else [self._ids[at] for at in seats]

    def _seats(self, ref: bytes) -> "list[int] | None":
        found = self._seats_of
        chain = self._open(ref, found)
        if chain is None:
            return None  # nothing is noted: it may come
        while chain:
            at = chain.pop()
            pact = self.pacts[at]
            if pact.within is None:
                peers = [self.authors[at]]
                peers += [peer for peer in pact.parties if peer != peers[0]]
                found[at] = [self._bits[peer] for peer in peers]
            else:
                found[at] = self._changed(at, pact, found[pact.within])
        return found[ref]

    def _open(self, ref: bytes, found: "dict[bytes, Any]") -> "list[bytes] | None":
        """A pact and the versions that it stands on, down to the first that was found already.
        None if one of them is not known.
        """
        chain: list[bytes] = []
        at: Any = ref
        while at is not None and at not in found:
            if at not in self.pacts or at in self._loose:
                self._loose.update(chain)  # until there is a new fact
                return None
            chain.append(at)
            at = self.pacts[at].within
        return chain

    def _changed(self, ref: bytes, pact: "Pact", base: "list[int] | None") -> "list[int] | None":
        """The seats after a pact in a version with the seats `base`; None if it does not fit."""
        if base is None or self.pacts[pact.within].judged not in (FOUNDING, RULE):
            return None
        if pact.judged == SIDE:
            return base
        added = [self._bits[peer] for peer in pact.add]
        if pact.drop and pact.drop[-1] >= len(base):
            return None
        seats = [at for i, at in enumerate(base) if i not in pact.drop] + added
        many = len(seats)
        if True in [at in base for at in added] or not 2 * pact.need > many >= pact.need:
            return None
        founding = self.root(ref)
        if many > MEMBERS or founding is None:
            return None
        ids = [self._ids[at] for at in seats]
        return seats if pact.state == state_of(self._kit, founding, ids, pact.need) else None

    def root(self, ref: bytes) -> "bytes | None":
        """The first of the versions that a pact stands on; None if one is not known."""
        chain = self._open(ref, self._roots)
        if chain is None:
            return None  # nothing is noted: it may come
        while chain:
            at = chain.pop()
            self._roots[at] = self._roots.get(self.pacts[at].within, at)
        return self._roots[ref]

    def doubles(self) -> int:
        """Who signed two histories, or said yes and no to one pact."""
        if self._doubles is None:
            found = self._forked
            for ref in self.pacts:
                found |= self._said.get((ref, YES), 0) & self._said.get((ref, NO), 0)
            self._doubles = found
        return self._doubles

    def _for(self, ref: bytes) -> int:
        """Who counts as yes to a pact: who said so, doubles, and leavers that it drops."""
        return self._said.get((ref, YES), 0) | self.doubles() | self._let_go(ref)

    def _let_go(self, ref: bytes) -> int:
        """The leavers whom a pact drops, if it does nothing else and sets need to a majority."""
        pact = self.pacts[ref]
        if pact.judged != RULE or pact.add or not pact.drop or pact.text or pact.terms:
            return 0
        base, seats = self._seats(pact.within), self._seats(ref)
        if base is None or seats is None or pact.need != len(seats) // 2 + 1:
            return 0
        dropped = [base[i] for i in pact.drop]
        all_left = votes(self._leavers(pact.within), dropped) == len(dropped)
        return mask(dropped) if all_left else 0

    def _leavers(self, ref: bytes) -> int:
        """The members of a version who left it, or left one before it and were not added since.
        All that it stands on is known.
        """
        found = self._left
        chain = self._open(ref, found) or []
        while chain:
            at = chain.pop()
            pact = self.pacts[at]
            before = found[pact.within] if pact.within is not None else 0
            for peer in pact.add:
                if before >> self._bits[peer] & 1:
                    before ^= 1 << self._bits[peer]
            found[at] = before | self._said.get((at, LEAVE), 0)
        return found[ref]

    def left(self, ref: bytes) -> "list[bytes]":
        """Who left a pact, or the circle of which it is a version."""
        seats = self._seats(ref)
        if seats is None:
            return []
        gone = self._leavers(ref)
        return [self._ids[at] for at in seats if gone >> at & 1]

    def holds(self, ref: bytes) -> bool:
        """Whether a pact was accepted as its rule asks for."""
        chain = self._open(ref, self._holding)
        if chain is None:
            return False
        while chain:
            at = chain.pop()
            self._holding[at] = self._accepted(at, self.pacts[at])
        return self._holding[ref]

    def _accepted(self, ref: bytes, pact: "Pact") -> bool:
        said = self._said.get((ref, YES), 0)
        if pact.within is None:
            return self._all(said, pact.parties)
        old, new = self._seats(pact.within), self._seats(ref)
        if not self._holding[pact.within] or old is None or new is None:
            return False
        voices = self._for(ref)
        if votes(voices, old) < self._need(pact.within):
            return False
        if pact.judged == SIDE:
            return True
        return votes(voices, new) >= pact.need and self._all(said, pact.add)

    def _all(self, said: int, peers: "list[bytes]") -> bool:
        """Whether all of some peers are among those who said something."""
        return votes(said, [self._bits[peer] for peer in peers]) == len(peers)

    def dead(self, ref: bytes) -> bool:
        """Whether so many said no that too few are left for a yes."""
        pact = self.pacts.get(ref)
        if pact is None:
            return False
        no = self._said.get((ref, NO), 0)
        if pact.within is None:
            return votes(no, [self._bits[peer] for peer in pact.parties]) > 0
        old = self._seats(pact.within)
        if old is None or self.pacts[pact.within].judged not in (FOUNDING, RULE):
            return False
        return votes(no, old) > len(old) - self._need(pact.within)

    def _need(self, version: bytes) -> int:
        """How many have to say yes by the rule of a version: a number that is written in it, as
        one computed from those who remain could be reached by two halves.
        """
        need: int = self.pacts[version].need
        return need


def state_of(kit: "Kit", founding: bytes, members: "list[bytes]", need: int) -> bytes:
    """What a pact that changes members or rule commits to: the SHA-256 of the circle, its
    members in the order of their seats, and how many of them have to say yes.
    """
    return kit.sha256(kit.encode([founding, members, need]))
