"""Facts about agreements: statements that peers signed, in whatever order they came.

They are pacts, marks, and proofs that somebody signed two histories. Sets of them only grow.
Peers are bits of whole numbers here, by the order in which they were first named.
"""

from mesh.core.relations.mark import LEAVE, NO, YES
from mesh.core.relations.pact import FOUNDING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.kit import Kit
    from mesh.core.relations.mark import Mark
    from mesh.core.relations.pact import Pact

COUNTED = (NO, YES, LEAVE)  # words that are facts; others are for people


class Caps:
    """Caps of what is taken from others. These are a board's, but for `refs` and `peers`: of
    agreements that marks are about and of peers, they say how many have a place in memory.
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

    def pact(self, ref: bytes, author: bytes, pact: "Pact") -> bool:
        """Take a pact, checked, by the ref and the author of its entry."""
        if ref in self.pacts:
            return True
        named = [author] + pact.add + pact.parties
        if self._caps and not self._knows(named):
            return False
        for one in named:
            self._bit(one)
        self.pacts[ref] = pact
        self.authors[ref] = author
        if pact.after is not None:
            self._after.setdefault(pact.after, []).append(ref)
        self._seats_of = {}
        self._forget()
        return True

    def mark(self, author: bytes, mark: "Mark") -> bool:
        """Take a mark, checked, also of a pact that is not known yet."""
        if mark.word not in COUNTED:
            return True
        key = mark.ref, mark.word
        before = self._said.get(key, 0)
        if self._caps and not (
            self._knows([author]) and (before or len(self._said) < self._caps.refs)
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

    def foundings(self) -> "list[bytes]":
        """The circles that are known, by the pacts that founded them."""
        return [ref for ref, pact in self.pacts.items() if pact.judged == FOUNDING]

    def said(self, ref: bytes, word: int) -> "list[bytes]":
        """Who said a word of a pact."""
        return self._peers(self._said.get((ref, word), 0))

    def _peers(self, bits: int) -> "list[bytes]":
        return [self._ids[i] for i in range(len(self._ids)) if bits >> i & 1]


def mask(seats: "list[int]") -> int:
    """The bits of some peers, by their numbers."""
    found = 0
    for at in seats:
        found |= 1 << at
    return found


def count(bits: int) -> int:
    """How many bits are set."""
    found = 0
    while bits:
        bits &= bits - 1
        found += 1
    return found
