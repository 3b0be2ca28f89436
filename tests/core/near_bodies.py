"""Bodies of agreements and marks that are right, or nearly so; and what they are written as again.

`chance` is a Chance of agreement_histories, or what has its functions.
"""

from mesh.core.errors import RemoteError
from mesh.core.relations import mark, pact
from mesh.core.relations.agreements import UNKNOWN, Agreements

PEERS = [bytes([n]) * 32 for n in range(1, 8)]
ODD = (
    None,
    True,
    False,
    0,
    1,
    -1,
    33,
    256,
    1 << 40,
    "",
    "x",
    "n" * 161,
    b"",
    bytes(31),
    [],
    {},
    1.5,
)
TERMS = (
    ["every", "temperature", 60, 10],
    ["keep", PEERS[0], 30],
    ["act", "lamp", 0, 1.5, 60],
    ["answer", 5],
    ["later", {1: [b"x", None]}],
)


def several(chance, values):
    return chance.some(values, 1 + chance.below(4))


# what fits a key of a pact
VALUES = {
    3: lambda chance, _: several(chance, PEERS),
    4: lambda chance, _: sorted(several(chance, range(6))),
    5: lambda chance, _: 1 + chance.below(4),
    6: lambda *_: "the lamp is on",
    7: lambda chance, _: several(chance, TERMS),
    8: lambda chance, _: [1 + chance.below(90) for _ in range(1 + chance.below(2))],
    10: lambda chance, _: several(chance, PEERS),
    11: several,
    13: lambda chance, _: chance.often(50),
    14: lambda chance, _: chance.one(ODD),
}


def value(chance, key, refs):
    return VALUES[key](chance, refs) if key in VALUES else chance.one(refs)


def spoilt(chance, one):
    """A value with something wrong: another one, or one with another in it."""
    if isinstance(one, list) and one and chance.often(60):
        at = chance.below(len(one))
        made = list(one)
        made[at : at + chance.below(2)] = [chance.one(ODD)]
        return made
    return chance.one(ODD)


def any_pact(chance, refs):
    """The body of a pact: of the keys of one way to judge it, and perhaps more or fewer."""
    ways = (5, 6), (7,), (7, 10), (1, 2, 5, 9), (1, 2, 3, 5, 9), (1, 6), (1, 2, 7)
    keys = list(chance.one(ways))
    for key in chance.some(range(1, 15), chance.below(3)):
        if key in keys:
            keys.remove(key)
        else:
            keys.append(key)
    body = {key: value(chance, key, refs) for key in keys}
    if 1 in body and 2 in body and chance.often(70):
        body[2] = body[1]
    if set(body) >= {5, 6} and chance.often(50):
        body[5] = 1
    for key in chance.some(list(body), chance.one((0, 0, 1, 2))):
        body[key] = spoilt(chance, body[key])
    return chance.one(ODD) if chance.often(3) else body


def any_mark(chance, refs):
    """The body of a mark."""
    body = {1: chance.one(refs), 2: chance.below(9)}
    if chance.often(40):
        body[3] = "it is loud at night"
    if chance.often(20):
        body[4] = PEERS[0]
    for key in chance.some(list(body), chance.one((0, 0, 1))):
        body[key] = spoilt(chance, body[key])
    return chance.one(ODD) if chance.often(3) else body


def body_of(one):
    """The body that a checked pact or mark is written as."""
    if isinstance(one, mark.Mark):
        body = mark.make(one.ref, one.word, one.reason)
        if one.key is not None:
            body[4] = one.key
        return body
    fields = {name: one[at] for at, name in enumerate(FIELDS)}
    wait_s, end_s = fields.pop("wait_s"), fields.pop("end_s")
    fields.pop("judged")
    return pact.make(span=span(wait_s, end_s), **fields)


def span(wait_s, end_s):
    if end_s is not None:
        return [wait_s, end_s]
    return [wait_s] if wait_s else None


# MicroPython's named tuples do not tell their fields
FIELDS = (
    "judged", "within", "after", "add", "drop", "need", "text", "terms", "wait_s", "end_s",
    "state", "parties", "voids", "toward", "private",
)  # fmt: skip


def checked(of, kit, body):
    """What a body is, or None if it is refused; what is taken is taken again as it is written."""
    try:
        one = of.check(body)
    except RemoteError:
        return None
    again = kit.decode(kit.encode(body_of(one)))
    assert of.check(again) == one, (body, again)
    return one


def play(chance, kit, steps, caps=None):
    """Take bodies as they come, and evaluate all of it now and then. Gives how many were taken."""
    facts = Agreements(kit, PEERS[0], caps)
    refs = [bytes([200 + n]) * 32 for n in range(3)]
    taken = 0
    for n in range(steps):
        author = chance.one(PEERS)
        if chance.often(50):
            one = checked(pact, kit, any_pact(chance, refs))
            ref = bytes([100]) + n.to_bytes(31, "big")
            if one is not None and facts.pact(ref, author, one):
                refs.append(ref)
                taken += 1
        elif chance.often(3):
            facts.forked(author)
        else:
            one = checked(mark, kit, any_mark(chance, refs))
            taken += one is not None and facts.mark(author, one)
        if not n % 8:
            evaluate(facts)
    evaluate(facts)
    return taken


def evaluate(facts):
    """Ask all that may be asked of each agreement."""
    assert facts.state(bytes(32)) == UNKNOWN and not facts.dead(bytes(32))
    for ref in facts.pacts:
        facts.state(ref)
        facts.holds(ref), facts.dead(ref), facts.members(ref), facts.left(ref)
    for ref in facts.pacts:
        for one in facts.rivals(ref):
            facts.liars(ref, one)
        for who in PEERS[:2]:
            facts.now(ref, who)
            facts.accepted_rivals(ref, who)
            facts.ties(ref, who)
