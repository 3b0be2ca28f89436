"""Entries about agreements, promises and keys in plain words, with what they are about looked up.

Whatever others wrote stands in quotation marks of ours (words.py), and lists are cut.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mesh.core import peer_id as ids
from mesh.core.errors import LocalError, RemoteError
from mesh.core.relations import key, mark, pact
from mesh.core.relations.agreements import Agreements
from mesh.core.relations.mark import LEAVE, OBJECT, SAY
from mesh.core.relations.pact import FOUNDING, PROMISE, RULE, WITH, Pact
from mesh.hub.desktop_kit import make_kit
from mesh.hub.operations.term_words import listed, words
from mesh.hub.show import units
from mesh.hub.show.words import quoted
from mesh.hub.store.queries import Queries
from mesh.hub.store.statements import Stated, Statement, how_many, stated

Label = Callable[[bytes], str]
AGAIN_S = 2.0  # until what is held is read again
LONGEST = 800  # characters of what is told of an entry
SAYS = {
    **{0: "says no to", 1: "says yes to", SAY: "says of", OBJECT: "objects to", LEAVE: "leaves"},
    **{5: "takes on", 6: "has done", 7: "gives up"},
}


class Wording:
    """What a store holds of agreements, to tell entries by it. `label` gives a peer's name."""

    def __init__(self, store: Path, me: bytes | None, label: Label) -> None:
        self._store, self._me, self._label = store, me, label
        self._held = Stated({}, {}, Agreements(make_kit(), me))
        self._count = 0
        self._read_at = float("-inf")

    def refresh(self) -> None:
        """Read what is held if there is more of it than before, but not again and again."""
        if time.monotonic() < self._read_at + AGAIN_S:
            return
        try:
            with Queries(self._store) as store:
                count = how_many(store)
                if count != self._count:
                    self._held = stated(store, self._me)
                self._count = count
        except LocalError:
            return  # there is no store yet
        self._read_at = time.monotonic()

    def said(self, author: bytes, kind: str, body: object) -> str | None:
        """What an entry says, after its author's name. None if the kind is none of these, or it is
        malformed.
        """
        try:
            told = TOLD[kind](self, author, body) if kind in TOLD else None
        except RemoteError:
            return None
        return told if told is None or len(told) <= LONGEST else told[:LONGEST] + " ..."

    def _pact(self, author: bytes, body: object) -> str:
        one = pact.check(body)
        what = self._subject(one)
        if one.judged == FOUNDING:
            told = f"founds the circle {what}"
        elif one.judged == PROMISE:
            told = f"promises {what}"
        elif one.judged == WITH:
            others = [self._label(peer) for peer in one.parties if peer != author]
            told = f"proposes to {listed(others)}: {what}"
        else:
            told = f"proposes in {self._circle(one.within)}: {what}"
        if one.end_s:
            told += f", for {units.duration(one.end_s)}"
        if one.after is not None and one.judged != RULE:
            told += f", instead of {self._about(one.after)}"
        return told if one.toward is None else f"{told}, toward {self._about(one.toward)}"

    def _subject(self, one: Pact) -> str:
        """The text, the change and the terms of an agreement."""
        said = [quoted(one.text)] if one.text else []
        if one.judged == RULE:
            said.append(change(self._held.agreements, one, self._label))
        said += [words(term, self._label) for term in one.terms]
        return ", ".join(said)

    def _circle(self, version: bytes) -> str:
        root = self._held.agreements.root(version)
        founding = self._held.statements.get(root) if root is not None else None
        if founding is None:
            return f"a circle that is not held here ({ids.short(version)})"
        return quoted(founding.pact.text)

    def _about(self, ref: bytes) -> str:
        """What is meant by a ref."""
        one = self._held.statements.get(ref)
        if one is None:
            return f"what is not held here ({ids.short(ref)})"
        name = self._label(one.author)
        if one.pact.judged == FOUNDING:
            return f"the circle {quoted(one.pact.text)} (founded by {name})"
        what = self._subject(one.pact)
        if one.pact.judged == PROMISE:
            return f"the promise of {name}: {what}"
        if one.pact.judged == RULE:
            what = f"the change of {self._circle(one.pact.within)}: {what}"
        return f"{what} (proposed by {name})"

    def _mark(self, author: bytes, body: object) -> str:
        said = mark.check(body)
        one = self._held.statements.get(said.ref)
        reason = f": {quoted(said.reason)}" if said.reason else ""
        if said.word not in SAYS:
            return (
                f"says what is not understood here (word {said.word}) of {self._about(said.ref)}"
            )
        if one is not None and said.word == LEAVE:
            return self._leaves(author, one) + reason
        return f"{SAYS[said.word]} {self._about(said.ref)}{reason}"

    def _leaves(self, author: bytes, one: Statement) -> str:
        if one.pact.judged == PROMISE and one.author == author:
            return f"ends its promise: {self._subject(one.pact)}"
        if one.pact.judged in (FOUNDING, RULE):
            return f"leaves the circle {self._circle(one.ref)}"
        return f"leaves {self._about(one.ref)}"

    def _key(self, _: bytes, body: object) -> str:
        """A succession, a commitment to a next key and guardians, a key for sealing, the same
        peers.
        """
        one = key.check(body)
        said = []
        if one.old is not None:
            said.append(
                f"takes the place of {self._label(one.old[0])}, after its entry {one.old[1]}"
            )
        if one.commitment is not None:
            said += self._commitment(*one.commitment)
        if one.box is not None:
            said.append("has a key for what is sealed to it")
        if one.same:
            said.append(f"says to be the same as {listed([self._label(who) for who in one.same])}")
        return ", ".join(said)

    def _commitment(
        self, following: bytes | None, guardians: Sequence[bytes], need: int
    ) -> Sequence[str]:
        said = (
            [] if following is None else [f"names its next key by its hash {ids.short(following)}"]
        )
        if guardians:
            names = listed([self._label(one) for one in guardians])
            said.append(f"has {names} as guardians, {need} of whom tell who takes its place")
        return said


def change(agreements: Agreements, about: Pact, label: Label) -> str:
    """What a change of a circle does."""
    base = agreements.members(about.within) or []
    gone = [label(base[seat]) for seat in about.drop if seat < len(base)]
    said = [f"adds {listed([label(one) for one in about.add])}"] if about.add else []
    said += [f"lets {listed(gone)} go"] if gone else []
    return ", ".join([*said, f"{about.need} have to say yes from then on"])


TOLD: Mapping[str, Callable[[Wording, bytes, object], str | None]] = {
    pact.NAME: Wording._pact,
    mark.NAME: Wording._mark,
    key.NAME: Wording._key,
}
