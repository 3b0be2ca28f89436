"""Circles and agreements that are held in a store, as rows; and what may be said of them."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from mesh.core import peer_id as ids
from mesh.core.relations import pact
from mesh.core.relations.agreements import DISPUTED, IN_FORCE, MISFIT, OPEN, UNKNOWN
from mesh.core.relations.mark import LEAVE, NO, OBJECT, SAY, YES
from mesh.core.relations.pact import FOUNDING, PROMISE, RULE, SIDE, WITH
from mesh.core.relations.weighing import state_of
from mesh.hub.desktop_kit import make_kit
from mesh.hub.failure import USAGE, Failure
from mesh.hub.operations import meaning, term_words
from mesh.hub.operations.wording import change
from mesh.hub.store.statements import Stated, Statement

Row = dict[str, Any]
MEMBER, INVITED, LEFT, OUTSIDE = "member", "invited", "left", "outside"
MOST_VOIDS = pact.MOST_VOIDS
MOST_RIVALS = 8  # that are shown, and looked through for who lied


class Table(NamedTuple):
    """What is held, who looks at it, and the names of peers."""

    found: Stated
    me: bytes
    label: Callable[[bytes], str]
    former: tuple[bytes, ...] = ()  # ids under which we were members before

    def us(self, peers: Iterable[bytes]) -> bool:
        """Whether we are among peers, also by a key that we had before: who goes on takes the
        seat.
        """
        return not {self.me, *self.former}.isdisjoint(peers)

    def _seat(self, version: bytes) -> bytes:
        """Which of our ids is a member of a version."""
        members = self.found.agreements.members(version) or []
        return next((one for one in self.former if one in members), self.me)

    def circle(self, word: str) -> Statement:
        """The circle that is meant: by its goal, or the first characters of its ref. Failure."""
        return meaning.meant(self.found, word, lambda one: one.pact.judged == FOUNDING, "circle")

    def agreement(self, word: str) -> Statement:
        """The agreement that is meant, or the change of a circle. Failure."""
        return meaning.meant(
            self.found, word, lambda one: one.pact.judged in (RULE, SIDE, WITH), "agreement"
        )

    def trial(self, word: str) -> Statement:
        """The agreement with an end that is meant. Failure."""

        def ends(one: Statement) -> bool:
            return one.pact.judged in (SIDE, WITH) and one.pact.end_s is not None

        return meaning.meant(self.found, word, ends, "trial")

    def circles(self, every: bool) -> list[Row]:
        """A row for each circle that we are in, or asked into; or for all."""
        opened = self._opened()
        rows = [
            self.circle_row(ref, opened.get(ref, [])) for ref in self.found.agreements.foundings()
        ]
        rows = [row for row in rows if every or row["we"] != OUTSIDE]
        return sorted(rows, key=lambda row: (row["goal"], row["ref"]))

    def circle_row(self, founding: bytes, opened: list[bytes]) -> Row:
        """How a circle is at the moment, for us. `opened`: what is open in it."""
        agreements = self.found.agreements
        at, rivals = agreements.now(founding)
        members = agreements.members(at) or []
        left = agreements.left(at)
        return {
            "ref": ids.to_text(founding),
            "goal": self.found.statements[founding].pact.text,
            "version": ids.to_text(at),
            "members": [self.label(one) for one in members],
            "left": [self.label(one) for one in left],
            "need": agreements.pacts[at].need,
            "we": self._we(opened, members, left),
            "open": len(opened),
            "disputed": bool(rivals),
        }

    def _we(self, opened: list[bytes], members: list[bytes], left: list[bytes]) -> str:
        if self.us(members):
            return LEFT if self.us(left) else MEMBER
        return INVITED if self._unanswered(opened) else OUTSIDE

    def _opened(self) -> dict[bytes | None, list[bytes]]:
        """What is open, by the circle that it is in; all is looked at once."""
        found: dict[bytes | None, list[bytes]] = {}
        for ref in self.found.agreements.pacts:
            if self.found.agreements.state(ref) == OPEN:
                found.setdefault(self._root(ref), []).append(ref)
        return found

    def _root(self, ref: bytes) -> bytes | None:
        return self.found.agreements.root(ref)

    def invitations(self, founding: bytes) -> list[bytes]:
        """The open changes of a circle that would add us, and to which we said nothing yet."""
        return self._unanswered(self._opened().get(founding, []))

    def _unanswered(self, opened: list[bytes]) -> list[bytes]:
        """The changes among these that would add us, and to which we said nothing yet."""
        agreements = self.found.agreements
        said = [ref for ref in opened if self.us(agreements.pacts[ref].add)]
        return [r for r in said if not self.us(agreements.said(r, YES) + agreements.said(r, NO))]

    def agreements(self, circle: bytes | None, every: bool, who: bytes | None = None) -> list[Row]:
        """A row for each agreement, what waits for a word first; with what is over if `every`;
        else of those that concern us, or a peer.
        """
        rows = []
        for ref, one in self.found.agreements.pacts.items():
            if one.judged in (FOUNDING, PROMISE) or ref not in self.found.statements:
                continue
            if circle is not None and self._root(ref) != circle:
                continue
            row = self.row(self.found.statements[ref])
            is_now = row["state"] in {OPEN, DISPUTED} or (
                row["state"] == IN_FORCE and one.judged != RULE
            )
            if every or (is_now and self.concerns(ref, who)):
                rows.append(row)
        order = {OPEN: 0, DISPUTED: 1, IN_FORCE: 2}
        return sorted(rows, key=lambda row: (order.get(row["state"], 3), row["ref"]))

    def concerns(self, ref: bytes, who: bytes | None = None) -> bool:
        """Whether we, or a peer, are a party of an agreement, or it changes that."""
        agreements = self.found.agreements
        base = agreements.members(agreements.pacts[ref].within or ref) or []
        parties = (agreements.members(ref) or []) + base
        return self.us(parties) if who is None else who in parties

    def row(self, one: Statement) -> Row:
        """How an agreement is at the moment, who said what, and who lied if it is disputed."""
        agreements = self.found.agreements
        ref, about = one.ref, one.pact
        root = self._root(ref)
        circle = self.found.statements.get(root) if root is not None else None
        base = agreements.pacts.get(about.within) if about.within is not None else None
        voices = (agreements.members(about.within) or []) if base else about.parties
        return {
            "ref": meaning.text_of(ref),
            "by": self.label(one.author),
            "circle": circle.pact.text if circle and about.within else None,
            "text": about.text,
            "what": change(agreements, about, self.label) if about.judged == RULE else "",
            "terms": [term_words.words(term, self.label) for term in about.terms],
            "state": agreements.state(ref),
            "need": base.need if base else len(about.parties),
            "of": len(voices),
            "with": [self.label(one) for one in about.parties],
            "counted": len({*agreements.said(ref, YES)} & {*voices}),
            "yes": self._said(ref, YES),
            "no": self._said(ref, NO),
            "left": self._said(ref, LEAVE),
            "ends_s": about.end_s,
            "rivals": [meaning.text_of(rival) for rival in agreements.rivals(ref, MOST_RIVALS)],
            "liars": self._liars(ref),
            "words": [
                {
                    "peer": self.label(word.author),
                    "word": "objects" if word.mark.word == OBJECT else "says",
                    "text": word.mark.reason,
                    "seq": word.seq,
                }
                for word in self.found.words.get(ref, [])
                if word.mark.word in (SAY, OBJECT)
            ],
        }

    def _said(self, ref: bytes, word: int) -> list[str]:
        return sorted(self.label(who) for who in self.found.agreements.said(ref, word))

    def _liars(self, ref: bytes) -> list[str]:
        """Who is to blame that this one and a rival hold."""
        agreements = self.found.agreements
        if agreements.state(ref) != DISPUTED:
            return []
        found = {
            who
            for one in agreements.rivals(ref, MOST_RIVALS)
            for who in agreements.liars(ref, one)
        }
        return sorted(map(self.label, found))

    # what may be said

    def invitation(self, circle: Statement, peer: bytes, need: int | None) -> dict[int, object]:
        """The body of a change that adds a peer. Failure."""
        at, rivals, members = self._as_member(circle)
        if peer in members:
            raise Failure(f"{self.label(peer)} is a member already", "nothing was said", USAGE)
        after = [*members, peer]
        return self._changed(circle, at, rivals, after, need, add=[peer])

    def farewell(self, circle: Statement) -> dict[int, object]:
        """The body of a change that lets those go who left. Failure."""
        at, rivals, members = self._as_member(circle)
        left = self.found.agreements.left(at)
        if not left:
            raise Failure("nobody has left", "a member leaves by itself", USAGE)
        after = [one for one in members if one not in left]
        seats = [seat for seat, one in enumerate(members) if one in left]
        return self._changed(circle, at, rivals, after, None, drop=seats)

    def _changed(
        self,
        circle: Statement,
        at: bytes,
        rivals: list[bytes],
        after: list[bytes],
        need: int | None,
        **change: object,
    ) -> dict[int, object]:
        need = len(after) // 2 + 1 if need is None else need
        if not 2 * need > len(after) >= need:
            low = len(after) // 2 + 1
            what = f"of {len(after)} members {low} to {len(after)} may have to say yes"
            raise Failure(what, "nothing was said", USAGE)
        state = state_of(make_kit(), circle.ref, after, need)
        voids = rivals[:MOST_VOIDS]
        return pact.make(within=at, after=at, need=need, state=state, voids=voids, **change)

    def _as_member(self, circle: Statement) -> tuple[bytes, list[bytes], list[bytes]]:
        """Where a circle is, for us as a member: its version, rivals of it, and its members."""
        agreements = self.found.agreements
        at, rivals = agreements.now(circle.ref)
        members = agreements.members(at) or []
        if not self.us(members) or self.us(agreements.left(at)):
            what = f"we are no member of '{circle.pact.text}'"
            raise Failure(what, "`mesh circle list` shows who is", USAGE)
        return at, rivals, members

    def proposal(
        self,
        circle: Statement,
        text: str,
        instead: Statement | None,
        end_s: int | None,
        terms: list[list[Any]],
    ) -> dict[int, object]:
        """The body of an agreement in a circle. Failure."""
        at, _, _ = self._as_member(circle)
        after = instead.ref if instead is not None else None
        span = [0, end_s] if end_s else None
        return pact.make(within=at, after=after, text=text, terms=terms, span=span)

    def check_yes(self, one: Statement) -> None:
        """Failure if an honest peer may not say yes to an agreement."""
        agreements, ref = self.found.agreements, one.ref
        if agreements.state(ref) in {MISFIT, UNKNOWN}:
            what = "it stands on what is not held here, or does not fit that"
            raise Failure(what, "keep the feeds of all members: `mesh store`", USAGE)
        self._check_voice(one)
        if self.us(agreements.said(ref, YES)):
            raise Failure("we said yes to it already", "nothing was said", USAGE)
        if self.us(agreements.said(ref, NO)):
            raise Failure("we said no to it, and a word stays", TWICE, USAGE)
        if rivals := agreements.accepted_rivals(ref, self._seat(one.pact.within or ref)):
            named = ", ".join(ids.short(rival) for rival in rivals)
            raise Failure(f"we said yes to {named}, which wants the same place", RIVAL, USAGE)

    def check_no(self, one: Statement) -> None:
        """Failure if an honest peer may not say no to an agreement."""
        self._check_voice(one)
        if self.us(self.found.agreements.said(one.ref, NO)):
            raise Failure("we said no to it already", "nothing was said", USAGE)
        if self.us(self.found.agreements.said(one.ref, YES)):
            raise Failure("we said yes to it, and a word stays", TWICE, USAGE)

    def _check_voice(self, one: Statement) -> None:
        agreements = self.found.agreements
        version = one.pact.within or one.ref
        voices = agreements.members(version) or []
        asked = self.us(one.pact.add)
        if not asked and (not self.us(voices) or self.us(agreements.left(version))):
            raise Failure("it is not between us and others", "nothing was said", USAGE)

    def leaving(self, circle: Statement) -> list[bytes]:
        """The versions to leave, so that it contradicts no word of ours. Failure."""
        at, _, _ = self._as_member(circle)
        agreements = self.found.agreements
        ties = agreements.ties(at, self._seat(at))
        if [ref for ref in ties if self.us(agreements.said(ref, NO))]:
            what = "we said no to a change that lets us go, so leaving would contradict that"
            raise Failure(what, "have somebody propose it anew, and say yes", USAGE)
        return ties or [at]


TWICE = "nothing was said: yes and no to one thing would be a proven lie"
RIVAL = "nothing was said: that would be a proven lie; once that one is refused, say yes"
