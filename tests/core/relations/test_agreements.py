"""Agreements step by step: what counts, what holds, where it is, and who lied."""

import signers

from mesh.core.relations import mark as marks
from mesh.core.relations import pact as pacts
from mesh.core.relations.agreements import (
    DISPUTED,
    IN_FORCE,
    MISFIT,
    OPEN,
    REFUSED,
    REPLACED,
    UNKNOWN,
    Agreements,
)
from mesh.core.relations.facts import Caps
from mesh.core.relations.mark import LEAVE, NO, YES
from mesh.core.relations.weighing import state_of

KIT = signers.make_hash_kit()
A, B, C, D, E = PEERS = [bytes([n]) * 32 for n in range(1, 6)]
STRANGER = b"s" * 32
NEW = [STRANGER]


def ref_of(n):
    return bytes([n]) * 32


FIRST, NEXT = ref_of(100), ref_of(101)


class Circle:
    """A circle of A to E that asks for three of five, to be added to."""

    def __init__(self, caps=None):
        self.facts = Agreements(KIT, A, caps)
        self.pact(FIRST, A, {5: 1, 6: "the seedlings live"})
        self.change(NEXT, A, FIRST, PEERS, 3, add=PEERS[1:])
        self.say(NEXT, YES, PEERS)

    def pact(self, ref, author, body):
        return self.facts.pact(ref, author, pacts.check(body))

    def say(self, ref, word, who):
        return [self.facts.mark(one, marks.check(marks.make(ref, word))) for one in who]

    def change(self, ref, author, at, members, need, **more):
        state = state_of(KIT, FIRST, members, need)
        body = pacts.make(within=at, after=at, need=need, state=state, **more)
        return self.pact(ref, author, body)

    def state(self, ref):
        return self.facts.state(ref)


def test_a_circle_is_founded_by_one_and_joined_by_who_is_asked():
    circle = Circle()
    assert circle.facts.now(FIRST) == (NEXT, [])
    assert circle.facts.members(NEXT) == PEERS
    assert circle.state(FIRST) == REPLACED
    assert circle.state(NEXT) == IN_FORCE
    assert circle.facts.foundings() == [FIRST]


def test_nobody_is_added_without_a_yes_of_its_own():
    circle = Circle()
    ref = ref_of(1)
    circle.change(ref, A, NEXT, PEERS + NEW, 4, add=[STRANGER])
    circle.say(ref, YES, PEERS)
    assert circle.state(ref) == OPEN
    circle.facts.forked(STRANGER)
    assert circle.state(ref) == OPEN, "a lie is no yes to being added"
    circle.say(ref, YES, [STRANGER])
    assert circle.state(ref) == IN_FORCE


def test_an_agreement_is_in_force_when_enough_said_yes_and_refused_when_too_few_are_left():
    circle = Circle()
    fan, heat = ref_of(1), ref_of(2)
    circle.pact(fan, A, pacts.make(within=NEXT, text="the fan runs above 30"))
    circle.say(fan, YES, [A, B, STRANGER])
    assert circle.state(fan) == OPEN
    circle.say(fan, NO, [D, E])
    assert circle.state(fan) == OPEN
    circle.say(fan, YES, [C])
    assert circle.state(fan) == IN_FORCE
    circle.pact(heat, B, pacts.make(within=NEXT, text="the heating stays off"))
    circle.say(heat, NO, [A, B, C])
    assert circle.state(heat) == REFUSED


def test_marks_may_come_before_what_they_are_about():
    circle = Circle()
    ref = ref_of(1)
    circle.say(ref, YES, [A, B, C])
    assert circle.state(ref) == UNKNOWN
    circle.pact(ref, A, pacts.make(within=NEXT, text="early"))
    assert circle.state(ref) == IN_FORCE


def test_what_stands_on_something_unknown_is_unknown():
    circle = Circle()
    ref = ref_of(1)
    circle.pact(ref, A, pacts.make(within=ref_of(9), text="in a version that nobody has"))
    circle.say(ref, YES, PEERS)
    assert circle.state(ref) == UNKNOWN
    assert not circle.facts.holds(ref) and not circle.facts.dead(ref)
    assert circle.facts.members(ref) is None


def test_what_does_not_fit_its_version_never_holds():
    circle = Circle()
    wrong = ref_of(1), ref_of(2), ref_of(3), ref_of(4)
    circle.change(wrong[0], A, NEXT, PEERS, 3, drop=[4])  # the state is another one
    circle.change(wrong[1], A, NEXT, PEERS[:4], 3, drop=[5])  # nobody has that seat
    circle.change(wrong[2], A, NEXT, PEERS[:4], 2, drop=[4])  # two of four are no majority
    circle.change(wrong[3], A, NEXT, PEERS + PEERS[1:2], 4, add=[B])  # B is there
    for ref in wrong:
        circle.say(ref, YES, PEERS)
        assert circle.state(ref) == MISFIT, ref
    assert circle.facts.now(FIRST) == (NEXT, [])


def test_one_takes_the_place_of_another():
    circle = Circle()
    old, new = ref_of(1), ref_of(2)
    circle.pact(old, A, pacts.make(within=NEXT, text="above 30"))
    circle.pact(new, A, pacts.make(within=NEXT, after=old, text="above 28"))
    circle.say(old, YES, [A, B, C])
    assert circle.state(old) == IN_FORCE
    circle.say(new, YES, [A, B, C])
    assert (circle.state(old), circle.state(new)) == (REPLACED, IN_FORCE)
    assert circle.facts.now(old) == (new, [])


def test_rivals_are_disputed_and_who_lied_is_named():
    circle = Circle()
    one, other = ref_of(1), ref_of(2)
    circle.change(one, A, NEXT, PEERS[:4], 3, drop=[4])
    circle.change(other, B, NEXT, PEERS[:3] + PEERS[4:], 3, drop=[3])
    circle.say(one, YES, [B, C, D])
    circle.say(other, YES, [C, E])
    assert circle.state(other) == OPEN
    circle.say(other, YES, [B])
    facts = circle.facts
    assert facts.now(FIRST) == (NEXT, [one, other])
    assert {circle.state(one), circle.state(other)} == {DISPUTED}
    assert facts.rivals(one) == [other]
    assert facts.liars(one, other) == [B, C]
    assert facts.now(FIRST, D) == (one, []), "who signed one alone goes on there"
    assert facts.now(FIRST, E) == (other, [])
    end = ref_of(3)
    circle.change(end, D, NEXT, PEERS, 3, voids=[one, other])
    circle.say(end, YES, [A, B, D])
    assert facts.now(FIRST, A) == (end, []), "one that voids all others decides"
    assert [circle.state(ref) for ref in (NEXT, one, other, end)] == [REPLACED] * 3 + [IN_FORCE]


def test_a_proof_that_somebody_lied_is_a_yes_and_blocks_nothing():
    circle = Circle()
    ref = ref_of(1)
    circle.pact(ref, A, pacts.make(within=NEXT, text="the fan runs"))
    circle.say(ref, YES, [A, B])
    circle.facts.forked(C)
    assert circle.state(ref) == IN_FORCE


def test_who_leaves_is_let_go_by_who_remains():
    circle = Circle()
    ref, other = ref_of(1), ref_of(2)
    circle.change(ref, A, NEXT, [A, B, C], 2, drop=[3, 4])
    circle.change(other, A, NEXT, [A, B, C, D], 3, drop=[4])
    circle.say(ref, YES, [A, B])
    assert circle.state(ref) == OPEN
    circle.say(NEXT, LEAVE, [D, E])
    assert circle.facts.left(NEXT) == [D, E]
    assert circle.state(ref) == IN_FORCE
    circle.say(other, YES, [A, B])
    assert circle.state(other) == OPEN, "D counts only for what lets D go"


def test_who_left_and_is_added_again_is_no_leaver():
    circle = Circle()
    out, again = ref_of(1), ref_of(2)
    circle.say(NEXT, LEAVE, [E])
    circle.change(out, A, NEXT, PEERS[:4], 3, drop=[4])
    circle.say(out, YES, [A, B, C])
    circle.change(again, A, out, PEERS, 3, add=[E])
    circle.say(again, YES, [A, B, C, E])
    assert circle.facts.now(FIRST) == (again, [])
    assert circle.facts.left(again) == []


def test_an_agreement_of_named_ones_needs_all_of_them():
    circle = Circle()
    ref = ref_of(1)
    circle.pact(ref, A, pacts.make(parties=[B, C], text="B waters, C counts"))
    circle.say(ref, YES, [B])
    assert circle.state(ref) == OPEN
    assert circle.facts.members(ref) == [A, B, C]
    circle.say(ref, YES, [C])
    assert circle.state(ref) == IN_FORCE
    circle.pact(ref_of(2), A, pacts.make(parties=[B], text="B waters"))
    circle.say(ref_of(2), NO, [B])
    assert circle.state(ref_of(2)) == REFUSED


def test_a_promise_is_ones_own_and_replaced_by_oneself_alone():
    circle = Circle()
    old, new, foreign = ref_of(1), ref_of(2), ref_of(3)
    circle.pact(old, A, pacts.make(terms=[["answer", 5]]))
    assert circle.state(old) == IN_FORCE
    circle.pact(foreign, B, pacts.make(after=old, terms=[["answer", 500]]))
    assert circle.state(old) == IN_FORCE
    circle.pact(new, A, pacts.make(after=old, terms=[["answer", 9]]))
    assert (circle.state(old), circle.state(new)) == (REPLACED, IN_FORCE)


def test_what_a_later_version_decides_counts_before_what_an_earlier_one_did():
    circle = Circle()
    aim, early, late, version = ref_of(1), ref_of(2), ref_of(3), ref_of(4)
    circle.pact(aim, A, pacts.make(within=NEXT, text="above 30"))
    circle.pact(early, A, pacts.make(within=NEXT, after=aim, text="above 28"))
    circle.say(aim, YES, [A, B, C])
    circle.change(version, A, NEXT, PEERS[:4], 3, drop=[4])
    circle.say(version, YES, [A, B, C])
    circle.pact(late, A, pacts.make(within=version, after=aim, text="above 26"))
    circle.say(late, YES, [A, B, D])
    circle.say(early, YES, [C, D, E])
    assert circle.facts.now(aim, C) == (late, [])


def test_a_boards_caps():
    circle = Circle(Caps())
    facts = circle.facts
    for n, author in ((1, A), (2, A), (3, B)):
        assert circle.pact(ref_of(n), author, pacts.make(within=NEXT, text="an aim"))
    assert not circle.pact(ref_of(4), A, pacts.make(within=NEXT, text="a third one of A"))
    circle.say(ref_of(1), NO, [B, C, D])
    assert circle.pact(ref_of(4), A, pacts.make(within=NEXT, text="one was refused"))
    assert circle.pact(ref_of(5), STRANGER, {5: 1, 6: "another circle"})
    assert not circle.pact(ref_of(6), STRANGER, {5: 1, 6: "a third circle"})
    for n in range(200):
        facts.mark(STRANGER, marks.Mark(n.to_bytes(32, "big"), YES, "", None))
        facts.mark(n.to_bytes(32, "big"), marks.Mark(NEXT, YES, "", None))
        facts.forked(n.to_bytes(32, "little"))
        circle.pact(bytes([n]) + bytes(31), STRANGER, pacts.make(terms=[["answer", 5]]))
    assert len(facts._said) <= Caps.refs
    assert len(facts._ids) <= Caps.peers
    assert len(facts.pacts) < 20
    assert circle.state(NEXT) == IN_FORCE, "what was there stays"
