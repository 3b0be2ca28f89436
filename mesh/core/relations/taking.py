"""Takes agreements, and words about them, out of the entries of those whose word counts here.

What concerns this peer is taken, each entry once, and nothing else: agreements that name it, or
that stand on what is held; of promises its own. What stands on something that is not held is noted
by its ref, so that the order in which entries come leaves no trace.
"""

from mesh.core.errors import RemoteError
from mesh.core.relations import mark as marks
from mesh.core.relations import pact as pacts
from mesh.core.relations.mark import LEAVE, YES
from mesh.core.relations.pact import FOUNDING, PROMISE, RULE, SIDE, WITH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.relations.agreements import Agreements
    from mesh.core.relations.mark import Mark
    from mesh.core.relations.pact import Pact

EARLY = 4  # of one author, that are about something that is not held yet
OWN_EARLY = 32
AGAIN = 7  # agreements, besides the newest, that are asked for once more
GONE = 64  # agreements that are over and were forgotten, which are not taken again
FOUNDED = 1
PREFIX = 8  # bytes by which they are known
# in each CBOR of an entry of these kinds
MARKERS = (b"dpact", b"dmark")


class Heeding:
    """What is taken of entries. `agreements`: where it goes to; `me`: this peer; `peers`: whose
    word counts, besides this peer's own, and that of those who are named in what was taken.

    `version` grows with each change; `own_version` is the last one by a word of this peer itself.
    """

    def __init__(self, agreements: "Agreements", me: bytes, peers: "list[bytes]") -> None:
        self.agreements = agreements
        self.me = me
        self.peers = [peer for peer in peers if peer != me]
        self.version = self.own_version = 0
        # of each: up to which seq its entries were looked at, and from after which to which seq
        # some before it were not
        self.seen: dict[bytes, list[int]] = {one: [0, 0, 0] for one in [me] + self.peers}
        self.said: dict[bytes, list[int | None]] = {}  # clocks of our own yes, and proposals
        self._early: list[tuple[bytes, bytes, Any, Any]] = []
        self._wishes: list[bytes] = []  # refs that are to be asked for
        self._again: list[bytes] = []  # of what is held, as words about it may have had no room
        self._full = False
        self._gone = b""

    def make_room(self) -> bool:
        """Forget what is over, if that was not done just now. Whether it was done."""
        return False

    def heard(self, _: int, author: bytes, values: "list[Any]", run: "Any" = None) -> None:  # noqa: ANN401 - a Run
        """Take entries of a feed that is kept, as they arrive with a run. RemoteError if one of
        them is malformed; the others are taken all the same.
        """
        if run is None or not values or not self._counts(author):
            return
        row = self.seen.get(author)
        if row is not None and values[0][0] > row[0] + 1:
            row[1:] = [row[1] if row[2] else row[0], values[0][0] - 1]
        wrong = None
        for value in values:
            if row is None or value[0] > row[0] or row[1] < value[0] <= row[2]:
                try:
                    self.entry(author, value, run.links[value[0] - run.first])
                except RemoteError as error:
                    wrong = error
        if row is not None:
            row[0] = max(row[0], values[-1][0])
        if wrong is not None:
            raise wrong

    def fetched(self, run: "Any") -> None:  # noqa: ANN401 - a Run
        """Take what was asked for out of a verified run: agreements by ref, words about those
        that are held, and what is missing of a feed.
        """
        author, asked = run.author, self.missing()
        row = self.seen.get(author)
        for value in run.values:
            ref = run.links[value[0] - run.first]
            is_new = row is not None and (value[0] > row[0] or row[1] < value[0] <= row[2])
            try:
                is_word = value[2] == marks.NAME and self._counts(author)
                if is_new or is_word or ref in asked:
                    self.entry(author, value, ref, ref in asked)
            except RemoteError:  # as it stands in its author's feed: nobody else is to blame
                pass

    def _counts(self, author: bytes) -> bool:
        return author in self.seen or self.agreements.knows(author)

    def entry(self, author: bytes, value: "Any", ref: bytes, asked: bool = False) -> None:  # noqa: ANN401 - as read_entry()
        """Take one entry, [seq, clock, kind, body], with its link. RemoteError if it is
        malformed.
        """
        if value[2] == pacts.NAME:
            self._pact(ref, author, pacts.check(value[3]), asked)
            if author == self.me and ref in self.agreements.pacts:
                self.said.setdefault(ref, value[1])
        elif value[2] == marks.NAME:
            self._mark(author, marks.check(value[3]), value[1])

    def _pact(self, ref: bytes, author: bytes, pact: "Pact", asked: bool) -> None:
        held = self.agreements.pacts
        if ref in held or self.is_gone(ref):
            return
        if not (asked or self._concerns(author, pact)):
            if pact.judged in (RULE, SIDE):
                self._note(author, pact.within, None, ref)
            elif pact.judged == FOUNDING:  # whoever asks this peer in may have just founded it
                self._note(author, ref, pact, FOUNDED)
            return
        take = self.agreements.pact
        if take(ref, author, pact) or (self.make_room() and take(ref, author, pact)):
            self._changed(author)
            self._early_of(ref, pact.within)
            if self._full and not asked:
                self._again = self._again[-AGAIN:] + [ref]
        else:
            self._note(author, ref, None, ref)  # to be asked for again

    def _early_of(self, ref: bytes, within: "bytes | None") -> None:
        """Take what came before an agreement that it is about, or that stands on it."""
        early, self._early = self._early, []
        for author, about, what, more in early:
            if more == FOUNDED and about == within:
                self._pact(about, author, what, True)
            elif about != ref or more == FOUNDED:
                self._early.append((author, about, what, more))
            elif what is not None:
                self._mark(author, what, more)
            else:
                self._wishes = self._wishes[-EARLY:] + [more]

    def _concerns(self, author: bytes, pact: "Pact") -> bool:
        """Whether an agreement is for this peer, as far as is known."""
        if author == self.me or self.me in pact.add or self.me in pact.parties:
            return True
        return pact.judged in (RULE, SIDE) and pact.within in self.agreements.pacts

    def _mark(self, author: bytes, mark: "Mark", clock: "list[int | None]") -> None:
        ref = mark.ref
        if ref not in self.agreements.pacts:
            if not self.is_gone(ref):
                self._note(author, ref, mark, clock)
            return
        if author in self.agreements.said(ref, mark.word):
            return
        if self.agreements.mark(author, mark):
            if author == self.me and mark.word == YES:
                self.said[ref] = clock
            self._changed(author)

    def _note(self, author: bytes, about: bytes, what: "Any", more: "Any") -> None:  # noqa: ANN401
        """Note what came before what it is about; of one author the newest ones. A mark with its
        clock; None with the ref of an agreement that stands on it; a founding with FOUNDED.
        """
        most = OWN_EARLY if author == self.me else EARLY
        mine = [one for one in self._early if one[0] == author]
        one = author, about, what, more
        if author not in self.seen or one in mine:
            return
        self._early.append(one)
        if len(mine) >= most:
            # words about what is taken later are asked for, what is proposed only if it is noted
            self._full = True
            gone = [one for one in mine + [one] if isinstance(one[3], list)] or mine
            self._early.remove(gone[0])
            if author == self.me:
                self._forget(gone[0][1])

    def _changed(self, author: bytes) -> None:
        self.version += 1
        if author == self.me:
            self.own_version = self.version

    def forked(self, author: bytes) -> None:
        """Take that a peer is proven to have signed two histories."""
        if author not in self.agreements.forkers() and self.agreements.forked(author):
            self._changed(author)

    def missing(self) -> "list[bytes]":
        """The refs of what is lacking, in order: what agreements stand on, or take the place of,
        and what this peer itself spoke of.
        """
        held = self.agreements.pacts
        early = self._early
        found = self._wishes + [one[1] for one in early if one[0] == self.me or one[1] == one[3]]
        for pact in held.values():
            found += [ref for ref in (pact.within, pact.after) if ref is not None]
        lacking = {ref for ref in found if ref not in held and not self.is_gone(ref)}
        return sorted(lacking | {ref for ref in self._again if ref in held})

    def told(self, refs: "list[bytes]") -> None:
        """Note that somebody told what there is to these refs."""
        self._again = [ref for ref in self._again if ref not in refs]

    def gaps(self) -> "list[bytes]":
        """The peers some of whose entries are not known here."""
        return [peer for peer in sorted(self.seen) if self.seen[peer][2]]

    def close(self, peer: bytes) -> None:
        """Note that all was asked for that is missing of a peer's entries."""
        self.seen[peer][1:] = [0, 0]
        self.version += 1

    def is_gone(self, ref: bytes) -> bool:
        """Whether an agreement was forgotten, as it is over."""
        at = self._gone.find(ref[:PREFIX])
        while at % PREFIX and at >= 0:
            at = self._gone.find(ref[:PREFIX], at + 1)
        return at >= 0

    def drop(self, ref: bytes) -> None:
        """Forget an agreement for good."""
        self.agreements.drop(ref)
        self.said.pop(ref, None)
        self._forget(ref)

    def _forget(self, ref: bytes) -> None:
        """Never take an agreement (again)."""
        self._gone = (self._gone + ref[:PREFIX])[-PREFIX * GONE :]
        self.version += 1

    def accepted(self, ref: bytes) -> bool:
        """Whether this peer itself said yes to an agreement, as who proposes it does too, and did
        not leave it.
        """
        facts, pact = self.agreements, self.agreements.pacts[ref]
        if self.me in facts.said(ref, LEAVE):
            return False
        if facts.authors[ref] != self.me and self.me not in facts.said(ref, YES):
            return False
        if pact.judged in (PROMISE, WITH):
            return True
        return self.me not in facts.left(ref) and self.is_member(ref)

    def is_member(self, ref: bytes) -> bool:
        """Whether this peer is a member of the circle of an agreement, as it is now."""
        facts, root = self.agreements, self.agreements.root(ref)
        if root is None or facts.pacts[root].judged != FOUNDING:
            return False
        return self.me in (facts.members(facts.now(root)[0]) or [])

    def kept(self) -> "list[Any]":
        """All that is to be remembered, to be stored; see restore()."""
        seen = [[peer] + self.seen[peer] for peer in sorted(self.seen)]
        return [self.agreements.kept(), seen, self._gone]

    def restore(self, kept: "list[Any]") -> None:
        """Take all that kept() gave, before anything else."""
        facts, seen, self._gone = kept
        self.agreements.restore(facts)
        for row in seen:
            if row[0] in self.seen:
                self.seen[row[0]] = row[1:]
