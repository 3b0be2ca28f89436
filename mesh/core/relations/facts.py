"""Facts about agreements: statements that peers signed, in whatever order they came.

They are pacts, marks, and proofs that somebody signed two histories. Sets of them only grow.
Peers are bits of whole numbers here, by the order in which they were first named.
"""

from mesh.core.relations.mark import LEAVE, NO, OBJECT, YES
from mesh.core.relations.pact import FOUNDING, Pact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.kit import Kit
    from mesh.core.relations.mark import Mark

STEP = 0xFFFF  # so many bits are passed over at once
# words that are noted; an objection counts for nothing, but who waits before a yes waits on
COUNTED = (NO, YES, OBJECT, LEAVE)


class Caps:
    """Caps of what is taken from others. These are a board's, but for `refs` and `peers`: of
    agreements, of words about what is not held, and of peers, they say how many have a place in
    memory.
    """

    circles = 2
    open = 8  # proposals of a circle that are neither in force nor refused
    of_one = 2  # of them, of one proposer
    refs = 64
    peers = 128

    def __init__(self, **changes: int) -> None:
        for name, value in changes.items():
            setattr(self, name, value)


class Facts:
    """A set of facts. `me`: the peer that looks at it, or None.

    pact(), mark() and forked() give whether a fact was taken: False if it exceeds a cap.
    """

    def __init__(self, kit: "Kit", me: "bytes | None" = None, caps: "Caps | None" = None) -> None:
        self._kit = kit
        self._me = me
        self._caps = caps
        self.pacts: dict[bytes, Pact] = {}
        self.authors: dict[bytes, bytes] = {}
        self._after: dict[bytes, list[bytes]] = {}  # what wants the place of a pact
        self._roots: dict[bytes, bytes] = {}
        self._bits: dict[bytes, int] = {}  # a peer's number
        self._ids: list[bytes] = []
        self._said: dict[tuple[bytes, int], int] = {}  # (ref, word): who said it
        self._forked = 0
        self._seats_of: dict[bytes, list[int] | None] = {}
        self._forget()

    def _forget(self) -> None:
        """Forget what was computed: there is a new fact."""
        self._doubles: int | None = None
        self._holding: dict[bytes, bool] = {}
        self._steps: dict[tuple[bytes, bytes | None], tuple[bytes | None, list[bytes]]] = {}
        self._taking: dict[bytes, list[bytes]] = {}  # what holds and takes the place of a pact
        self._signs: dict[bytes, set[bytes]] = {}  # of a peer: what it signed, and before
        self._left: dict[bytes, int] = {}  # who left a version
        self._loose: set[bytes] = set()  # what stands on something that is not known

    def pact(self, ref: bytes, author: bytes, pact: "Pact") -> bool:
        """Take a pact, checked, by the ref and the author of its entry."""
        if ref in self.pacts:
            return True
        if self._caps and not self._knows([author] + pact.add + pact.parties):
            return False
        self._put(ref, author, pact)
        return True

    def _put(self, ref: bytes, author: bytes, pact: "Pact") -> None:
        for one in [author] + pact.add + pact.parties:
            self._bit(one)
        self.pacts[ref] = pact = self._shared(pact) if self._caps else pact
        self.authors[ref] = self._ids[self._bits[author]]
        if pact.after is not None:
            self._after.setdefault(pact.after, []).append(ref)
        self._seats_of = {}
        self._forget()

    def _shared(self, pact: "Pact") -> "Pact":
        """The pact with one copy of each id; and of each ref, as long as few are known: on a board
        that is always so, and a desktop has room.
        """
        for ids in (pact.add, pact.parties):
            ids[:] = [self._ids[self._bits[one]] for one in ids]
        fields = list(pact)
        for known in self.pacts if len(self.pacts) <= Caps.refs else ():
            for at in (1, 2):
                if fields[at] == known:
                    fields[at] = known
        return Pact(*fields)

    def kept(self) -> "list[Any]":
        """All of it, to be stored: ids, pacts, words, and who forked; see restore()."""
        refs = sorted(self.pacts)
        size = len(self._ids) // 8 + 1
        rows = [[ref, self._bits[self.authors[ref]], list(self.pacts[ref])] for ref in refs]
        said = [
            [at, word, self._said[ref, word].to_bytes(size, "big")]
            for at, ref in enumerate(refs)
            for word in COUNTED
            if (ref, word) in self._said
        ]
        return [self._ids, rows, said, self._forked.to_bytes(size, "big")]

    def restore(self, kept: "list[Any]") -> None:
        """Take all that kept() gave, into an empty set. Caps do not matter: it was taken once."""
        ids, rows, said, forked = kept
        for peer in ids:
            self._bit(peer)
        for ref, author, fields in rows:
            self._put(ref, ids[author], Pact(*fields))
        for at, word, bits in said:
            self._said[rows[at][0], word] = int.from_bytes(bits, "big")
        self._forked = int.from_bytes(forked, "big")
        self._forget()

    def mark(self, author: bytes, mark: "Mark") -> bool:
        """Take a mark, checked, also of a pact that is not known yet."""
        if mark.word not in COUNTED:
            return True
        key = mark.ref, mark.word
        before = self._said.get(key, 0)
        if self._caps and not (
            self._knows([author])
            and (before or mark.ref in self.pacts or len(self._said) < self._caps.refs)
        ):
            return False
        self._said[key] = before | self._bit(author)
        self._forget()
        return True

    def forked(self, author: bytes) -> bool:
        """Take that there is proof that a peer signed two histories."""
        if self._caps and not self._knows([author]):
            return False
        self._forked |= self._bit(author)
        self._forget()
        return True

    def drop(self, ref: bytes) -> None:
        """Forget a pact on which no other stands, and what was said of it."""
        after = self.pacts.pop(ref).after
        del self.authors[ref]
        for word in COUNTED:
            self._said.pop((ref, word), None)
        if after is not None:
            self._after[after].remove(ref)
            if not self._after[after]:
                del self._after[after]
        self._roots.pop(ref, None)
        self._seats_of = {}
        self._forget()

    def knows(self, peer: bytes) -> bool:
        """Whether a peer was named in what was taken."""
        return peer in self._bits

    def _bit(self, peer: bytes) -> int:
        at = self._bits.get(peer)
        if at is None:
            at = self._bits[peer] = len(self._ids)
            self._ids.append(peer)
        return 1 << at

    def _knows(self, peers: "list[bytes]") -> bool:
        """Whether there is room for those of these peers who were not named before."""
        most: int = self._caps.peers if self._caps else 0
        new = [peer for peer in peers if peer not in self._bits]
        return len(self._ids) + len(new) <= most

    def forkers(self) -> "list[bytes]":
        """Who is proven to have signed two histories."""
        return self._peers(self._forked)

    def foundings(self) -> "list[bytes]":
        """The circles that are known, by the pacts that founded them."""
        return [ref for ref, pact in self.pacts.items() if pact.judged == FOUNDING]

    def said(self, ref: bytes, word: int) -> "list[bytes]":
        """Who said a word of a pact."""
        return self._peers(self._said.get((ref, word), 0))

    def _peers(self, bits: int) -> "list[bytes]":
        found = []
        at = 0
        while bits:
            if not bits & STEP:
                bits >>= 16
                at += 16
            else:
                if bits & 1:
                    found.append(self._ids[at])
                bits >>= 1
                at += 1
        return found


def mask(seats: "list[int]") -> int:
    """The bits of some peers, by their numbers."""
    found = 0
    for at in seats:
        found |= 1 << at
    return found


def votes(bits: int, seats: "list[int]") -> int:
    """How many of some peers, by their numbers, are among these bits."""
    return sum([bits >> at & 1 for at in seats])
