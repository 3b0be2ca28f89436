"""What hostile members say at most, in shapes that would be dear to evaluate; each gives facts in
the form that agreement_histories.tell() takes.

A shape is a function of how many agreements there are. ME is who looks, LIAR floods.
"""

from agreement_histories import KIT

from mesh.core.relations import pact as pacts
from mesh.core.relations.mark import LEAVE, NO, YES
from mesh.core.relations.weighing import state_of

ME, LIAR, OTHER = [bytes([n]) * 32 for n in range(1, 4)]
FIRST, JOINED, PLACE = [bytes([255, n]) * 16 for n in range(3)]
TERMS = [["answer", 5]]
NAMED = 12  # ids in an entry of 512 bytes, besides one more


def ref_of(n):
    return bytes([1]) + n.to_bytes(31, "big")


def named(n):
    """A peer that is named and never says anything."""
    return bytes([9]) + n.to_bytes(31, "big")


def said(ref, who, body):
    return ("pact", who, ref, pacts.check(body))


def changed(ref, at, members, **change):
    need = len(members) // 2 + 1
    state = state_of(KIT, FIRST, members, need)
    return said(ref, LIAR, pacts.make(within=at, after=at, need=need, state=state, **change))


def circle():
    """A circle that the liar founded, in which it decides alone until somebody joins."""
    return [said(FIRST, LIAR, {5: 1, 6: "the seedlings live"})]


def rivals(count):
    """So many changes of one circle, all of which hold."""
    facts = circle()
    for n in range(count):
        facts.append(changed(ref_of(n), FIRST, [LIAR, named(n)], add=[named(n)]))
        facts += [(YES, LIAR, ref_of(n)), (YES, named(n), ref_of(n))]
    return facts


def in_one_place(count):
    """So many agreements in the place of one, all in force."""
    facts = [*circle(), said(PLACE, LIAR, pacts.make(within=FIRST, text="an aim"))]
    for n in range(count):
        body = pacts.make(within=FIRST, after=PLACE, text="an aim")
        facts += [said(ref_of(n), LIAR, body), (YES, LIAR, ref_of(n))]
    return facts


def long_chain(count):
    """A circle of which each version adds or drops one, who left; and rivals at each place."""
    facts, at = circle(), FIRST
    for n in range(count // 2):
        ref = ref_of(n)
        grows = not n % 2
        members = [LIAR, OTHER] if grows else [LIAR]
        facts.append(changed(ref, at, members, **({"add": [OTHER]} if grows else {"drop": [1]})))
        facts += [(YES, LIAR, ref), (YES, OTHER, ref), (LEAVE, OTHER, ref)]
        facts.append(said(ref_of(count + n), LIAR, pacts.make(within=ref, text="an aim")))
        at = ref
    return facts


def late_places(count):
    """Agreements in the place of one, each judged by a later version of the circle."""
    facts = [*circle(), said(PLACE, LIAR, pacts.make(within=FIRST, text="an aim"))]
    facts.append((YES, LIAR, PLACE))
    at = FIRST
    for n in range(count // 2):
        ref, aim = ref_of(n), ref_of(count + n)
        grows = not n % 2
        members = [LIAR, OTHER] if grows else [LIAR]
        facts.append(changed(ref, at, members, **({"add": [OTHER]} if grows else {"drop": [1]})))
        facts.append(said(aim, LIAR, pacts.make(within=ref, after=PLACE, text="an aim")))
        facts += [
            (word, who, one) for one in (ref, aim) for who in (LIAR, OTHER) for word in (YES,)
        ]
        at = ref
    return facts


def rivals_in_a_row(count):
    """One promise in the place of another, each with a rival: none is decided by its voids."""
    facts, before = [said(PLACE, LIAR, pacts.make(terms=TERMS))], PLACE
    for n in range(count // 2):
        body = pacts.make(after=before, terms=TERMS)
        facts += [said(ref_of(n), LIAR, body), said(ref_of(count + n), LIAR, body)]
        before = ref_of(n)
    return facts


def on_nothing(count):
    """Agreements that stand on each other, the first of them on what nobody has."""
    facts, at = [], JOINED
    for n in range(count):
        body = pacts.make(within=at, after=at, need=1, state=bytes(32))
        facts += [said(ref_of(n), LIAR, body), (NO, LIAR, ref_of(n))]
        at = ref_of(n)
    return facts


def circles(count):
    """So many circles, in each of which something is open that asks the looker in."""
    facts = []
    for n in range(count // 2):
        ref = ref_of(n)
        facts.append(said(ref, LIAR, {5: 1, 6: f"circle {n}"}))
        state = state_of(KIT, ref, [LIAR, ME], 2)
        body = pacts.make(within=ref, after=ref, add=[ME], need=2, state=state)
        facts += [said(ref_of(count + n), LIAR, body), (YES, LIAR, ref_of(count + n))]
    return facts


def many_names(count):
    """Offers to as many peers as an entry has room for, whom nobody knows, and to the looker."""
    facts = []
    for n in range(count):
        parties = [named(NAMED * n + k) for k in range(NAMED)] + [ME]
        facts.append(said(ref_of(n), LIAR, pacts.make(parties=parties, text="an offer")))
    return facts


def words(count):
    """Words about what nobody has."""
    return [(YES, LIAR, ref_of(n)) for n in range(count)]


SHAPES = (
    rivals,
    in_one_place,
    long_chain,
    late_places,
    rivals_in_a_row,
    on_nothing,
    circles,
    many_names,
    words,
)
