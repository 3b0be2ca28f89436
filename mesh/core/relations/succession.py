"""Under which key a peer goes on, by facts alone: what peers committed to before, what a new key
says of the feed that it goes on with, and the yes of guardians.

It depends on the set of facts, never on the order in which they came (docs/protocol.md section
13). A commitment counts up to the end that a successor names: whoever holds today's key can add
to a feed, and not take away what was said before.
"""

from mesh.core.relations.mark import NO, YES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.kit import Kit
    from mesh.core.relations.key import Key

    Commitment = tuple[bytes | None, tuple[bytes, ...], int]

ROUNDS = 32  # guardians' successors who say yes for them, one from the other
TWO = 2  # commitments that contradict each other are enough; more say no more


class Claim:
    """What the first entry of a feed says: that `new` goes on with the feed of `old`, which ends
    with the entry `seq` of that link. `ref`: of the entry.
    """

    def __init__(self, ref: bytes, new: bytes, old: "tuple[bytes, int, bytes]") -> None:
        self.ref = ref
        self.new = new
        self.old, self.seq, self.link = old


class Caps:
    """Caps of what is taken from others, for who has little memory."""

    peers = 64  # that commit to something
    claims = 16  # to be the successor of somebody
    refs = 32  # claims about which somebody said yes or no

    def __init__(self, **changes: int) -> None:
        for name, value in changes.items():
            setattr(self, name, value)


class Successions:
    """A set of facts, and who goes on for whom by them. Without `caps` all facts are taken.

    key(), mark() and forked() give whether a fact was taken: False if it exceeds a cap.
    """

    def __init__(self, kit: "Kit", caps: "Caps | None" = None) -> None:
        self._kit = kit
        self._caps = caps
        # of each peer the two commitments that it said first, and in which entry
        self._committed: dict[bytes, dict[Commitment, int]] = {}
        self._claims: dict[bytes, dict[bytes, Claim]] = {}  # by the new id, then by the ref
        self._same: dict[bytes, set[bytes]] = {}
        self._said: dict[tuple[bytes, int], set[bytes]] = {}  # (ref, word): who said it
        self._ends: dict[bytes, int] = {}  # the seqs from which on a feed counts no more
        self._forget()

    def _forget(self) -> None:
        """Forget what was computed: there is a new fact."""
        self._about: dict[bytes, list[Claim]] | None = None
        self._standing: dict[bytes, list[Claim]] | None = None
        self._found: dict[bytes, Claim | None] = {}

    # facts

    def key(self, ref: bytes, author: bytes, seq: int, key: "Key") -> bool:
        """Take an entry `key`, checked, by its ref, author and seq."""
        taken = True
        if key.commitment is not None:
            taken = self._commit(author, seq, key.commitment)
        if key.old is not None and seq == 1 and key.old[0] != author:
            taken = self._claim(Claim(ref, author, key.old)) and taken
        if key.same and self._has_room(self._same, author):
            self._same.setdefault(author, set()).update(key.same)
        self._forget()
        return taken

    def _commit(self, author: bytes, seq: int, said: "Commitment") -> bool:
        if not self._has_room(self._committed, author):
            return False
        there = self._committed.setdefault(author, {})
        there[said] = min(seq, there.get(said, seq))
        if len(there) > TWO:
            # of three the last one tells nothing that the first two do not
            there.pop(max(there, key=lambda one: there[one]))
        return True

    def _claim(self, claim: Claim) -> bool:
        if not self._has_room(self._claims, claim.new, "claims"):
            return False
        there = self._claims.setdefault(claim.new, {})
        if len(there) < TWO:
            there[claim.ref] = claim
        return True

    def mark(self, author: bytes, ref: bytes, word: int) -> bool:
        """Take a peer's yes or no to a claim, also if that is not known yet."""
        if word not in (YES, NO):
            return True
        if not self._has_room(self._said, (ref, word), "refs"):
            return False
        there = self._said.setdefault((ref, word), set())
        if not self._has_room(there, author):
            return False
        there.add(author)
        self._forget()
        return True

    def forked(self, author: bytes, at: int) -> bool:
        """Take that a feed counts no more from an entry on, as there is another one instead."""
        if not self._has_room(self._ends, author):
            return False
        self._ends[author] = min(at, self._ends.get(author, at))
        self._forget()
        return True

    def _has_room(self, table: "object", key: "object", cap: str = "peers") -> bool:
        if self._caps is None or key in table:  # type: ignore[operator]
            return True
        most: int = getattr(self._caps, cap)
        return len(table) < most  # type: ignore[arg-type]

    # what follows

    def said(self, ref: bytes, word: int) -> "list[bytes]":
        """Who said yes or no to a claim."""
        return sorted(self._said.get((ref, word), ()))

    def commitment(self, peer: bytes, until: "int | None" = None) -> "Commitment | None":
        """What a peer committed to, up to the entry `until` or to the end of its feed. None if
        that is nothing, or if two commitments differ.
        """
        found = self.commitments(peer, until)
        return found[0] if len(found) == 1 else None

    def commitments(self, peer: bytes, until: "int | None" = None) -> "list[Commitment]":
        """As commitment(), with the two that differ first."""
        end = self._ends.get(peer)
        there = self._committed.get(peer, {})
        found = []
        for said, seq in there.items():
            if (until is None or seq <= until) and (end is None or seq < end):
                found.append((seq, said))
        return [said for _, said in sorted(found, key=lambda one: one[0])]

    def claims(self, old: bytes) -> "list[Claim]":
        """Who says to go on with a feed, whether that counts or not, by the new ids."""
        return self._by_old().get(old, [])

    def _by_old(self) -> "dict[bytes, list[Claim]]":
        """All claims but those of who signed two first entries, by whom they are about."""
        if self._about is None:
            found: dict[bytes, list[Claim]] = {}
            for new in sorted(self._claims):
                there = list(self._claims[new].values())
                if len(there) == 1 and self._ends.get(new, TWO) > 1:
                    found.setdefault(there[0].old, []).append(there[0])
            self._about = found
        return self._about

    def is_next(self, claim: Claim) -> bool:
        """Whether a claim is by the key that was committed to."""
        said = self.commitment(claim.old, claim.seq)
        return said is not None and said[0] == self._kit.sha256(claim.new)

    def voices(self, claim: Claim) -> "tuple[list[bytes], int]":
        """The guardians who said yes to a claim, by themselves or by who goes on for them, and
        how many are needed: 0 if there are no guardians.
        """
        self._stand()
        return self._voices(claim, self._standing or {})

    def _voices(
        self, claim: Claim, standing: "dict[bytes, list[Claim]]"
    ) -> "tuple[list[bytes], int]":
        said = self.commitment(claim.old, claim.seq)
        if said is None:
            return [], 0
        _, guardians, need = said
        yes = self._said.get((claim.ref, YES), ())
        spoke = [one for one in guardians if _speaks(one, yes, standing)]
        if claim.old in self._said.get((claim.ref, NO), ()):
            need = len(guardians)
        return spoke, need

    def _stand(self) -> "dict[bytes, list[Claim]]":
        """The claims that count, by whose feed they go on with."""
        if self._standing is None:
            claims = [one for some in self._by_old().values() for one in some]
            standing: dict[bytes, list[Claim]] = {}
            _add(standing, [one for one in claims if self.is_next(one)])
            claims = [c for c in claims if (c.ref, YES) in self._said and not self.is_next(c)]
            for _ in range(ROUNDS):
                # all by the same state, so that the order of the claims does not matter
                sure = [one for one in claims if self._is_guarded(one, standing)]
                _add(standing, sure)
                refs = {one.ref for one in sure}
                claims = [one for one in claims if one.ref not in refs]
                if not sure:
                    break
            self._standing = standing
        return self._standing

    def _is_guarded(self, claim: Claim, standing: "dict[bytes, list[Claim]]") -> bool:
        spoke, need = self._voices(claim, standing)
        return 0 < need <= len(spoke)

    def rivals(self, old: bytes) -> "list[bytes]":
        """Those whose claims count, if they are several: then nobody goes on for it."""
        found = self._stand().get(old, [])
        return sorted([one.new for one in found]) if len(found) > 1 else []

    def chosen(self, old: bytes) -> "Claim | None":
        """The one claim that counts, or None. Who would come back to itself has none."""
        if old not in self._found:
            found = self._single(old)
            at = found
            seen = set()
            while at is not None and at.new not in seen:
                seen.add(at.new)
                at = self._single(at.new)
            self._found[old] = None if old in seen else found
        return self._found[old]

    def _single(self, old: bytes) -> "Claim | None":
        found = self._stand().get(old, [])
        return found[0] if len(found) == 1 else None

    def successor(self, old: bytes) -> "bytes | None":
        """Who goes on for a peer: None if nobody, or if it is disputed."""
        found = self.chosen(old)
        return None if found is None else found.new

    def end(self, old: bytes) -> "int | None":
        """The last entry of a feed that went on elsewhere; later ones are not its peer's."""
        found = self.chosen(old)
        return None if found is None else found.seq

    def former(self, new: bytes) -> "bytes | None":
        """Whose feed a peer goes on with."""
        there = list(self._claims.get(new, {}).values())
        if len(there) != 1 or self.successor(there[0].old) != new:
            return None
        old: bytes = there[0].old
        return old

    def now(self, peer: bytes) -> bytes:
        """The last one that goes on for a peer, or itself."""
        at: bytes | None = peer
        while at is not None:
            peer, at = at, self.successor(at)
        return peer

    def line(self, peer: bytes) -> "list[bytes]":
        """All that a peer was, the first one first, up to what it is now."""
        found = [peer]
        at = self.former(peer)
        while at is not None:
            found.insert(0, at)
            at = self.former(at)
        at = self.successor(peer)
        while at is not None:
            found.append(at)
            at = self.successor(at)
        return found

    def succeeded(self) -> "list[bytes]":
        """All peers that others go on for."""
        return [old for old in sorted(self._stand()) if self.successor(old) is not None]

    def same(self, one: bytes, other: bytes) -> bool:
        """Whether two peers say of each other that they are the same."""
        return other in self._same.get(one, ()) and one in self._same.get(other, ())


def _add(standing: "dict[bytes, list[Claim]]", claims: "list[Claim]") -> None:
    for claim in claims:
        standing.setdefault(claim.old, []).append(claim)


def _speaks(guardian: bytes, yes: "object", standing: "dict[bytes, list[Claim]]") -> bool:
    """Whether a guardian said yes, or somebody whose claim to go on for it counts."""
    todo = [guardian]
    seen = set()
    while todo:
        at = todo.pop()
        if at in yes:  # type: ignore[operator]
            return True
        seen.add(at)
        todo += [one.new for one in standing.get(at, ()) if one.new not in seen]
    return False
