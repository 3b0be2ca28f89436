"""The vectors of keys and successions, made from the words of docs/protocol.md section 13."""

from signers import sha256

from mesh.core.codec.cbor import encode

A, B, C, D, X = (bytes([n]) * 32 for n in (1, 2, 3, 4, 9))
REF, LINK = bytes(range(32)), bytes(range(32, 64))
NO, YES = 0, 1
MOST_SEQ = (1 << 53) - 1


def successions():
    """The cases of successions.json."""
    return _bodies() + _refused() + _histories()


def _bodies():
    many = [bytes([n]) * 32 for n in range(1, 9)]
    bodies = [
        {1: sha256(B)},
        {1: sha256(B), 2: [C, D], 3: 2},
        {2: [C], 3: 1},
        {1: sha256(B), 2: many, 3: 5, 9: "of a later version"},
        {4: REF},
        {5: [B]},
        {1: None, 2: None, 3: None, 6: [A, 17, LINK]},
        {1: sha256(C), 6: [A, MOST_SEQ, LINK, "of a later version"]},
    ]
    return [{"what": "key", "hex": encode(body).hex()} for body in bodies]


def _refused():
    bodies = [
        ("no map", REF),
        ("it says nothing", {}),
        ("a hash of 31 bytes", {1: REF[:31]}),
        ("nobody is a guardian", {1: REF, 2: [], 3: 1}),
        ("nine guardians", {2: [bytes([n]) * 32 for n in range(9)], 3: 5}),
        ("one guardian twice", {2: [A, A], 3: 1}),
        ("guardians that are none", {2: [A, 5], 3: 1}),
        ("guardians without a number", {2: [A, B]}),
        ("a number without guardians", {1: REF, 3: 1}),
        ("none of two", {2: [A, B], 3: 0}),
        ("three of two", {2: [A, B], 3: 3}),
        ("a number that is a bool", {2: [A, B], 3: True}),
        ("an X25519 key of 31 bytes", {4: REF[:31]}),
        ("the same as nobody", {5: []}),
        ("an end without a link", {6: [A, 17]}),
        ("an end at 0", {6: [A, 0, LINK]}),
        ("an end at 2^53", {6: [A, MOST_SEQ + 1, LINK]}),
        ("the end of nobody", {6: [A[:8], 17, LINK]}),
        ("a link of 8 bytes", {6: [A, 17, LINK[:8]]}),
    ]
    return [
        {"what": "refused key", "meaning": meaning, "hex": encode(body).hex()}
        for meaning, body in bodies
    ]


class Told:
    """What is said of keys. Refs are made of one number."""

    def __init__(self):
        self.facts = []

    def ref(self, n):
        return bytes([150 + n]) * 32

    def key(self, n, author, seq, body):
        fact = ["key", self.ref(n).hex(), author.hex(), seq, encode(body).hex()]
        self.facts.append(fact)
        return self

    def commit(self, n, author, seq, following, guardians=(), need=0):
        body = {1: sha256(following)}
        if guardians:
            body.update({2: list(guardians), 3: need})
        return self.key(n, author, seq, body)

    def claim(self, n, new, old, seq, at=1):
        return self.key(n, new, at, {6: [old, seq, LINK]})

    def say(self, n, word, *who):
        body = encode({1: self.ref(n), 2: word}).hex()
        self.facts += [["mark", one.hex(), body] for one in who]
        return self

    def fork(self, who, at):
        self.facts.append(["fork", who.hex(), at])
        return self

    def ends(self, meaning, new=None, end=None, old=A, rivals=()):
        return {
            "what": "succession",
            "meaning": meaning,
            "facts": self.facts,
            "successors": {old.hex(): [None if new is None else new.hex(), end]},
            "rivals": {old.hex(): [one.hex() for one in rivals]},
        }


def _histories():
    def told():
        return Told().commit(1, A, 5, B).claim(2, B, A, 9)

    def guarded(need=2):
        return Told().commit(1, A, 5, X, [B, C, D], need).claim(2, bytes([8]) * 32, A, 9)

    stranger = bytes([8]) * 32
    return [
        told().ends("by the key that was committed to", B, 9),
        Told().claim(2, B, A, 9).ends("nothing was committed to"),
        Told().commit(1, A, 5, B).claim(2, C, A, 9).ends("by another key"),
        Told().commit(1, A, 5, B).claim(2, B, A, 4).ends("an end before the commitment"),
        Told().commit(1, A, 5, B).claim(2, B, A, 9, at=2).ends("not in its first entry"),
        told().commit(3, A, 7, B).ends("said once more", B, 9),
        told().commit(3, A, 7, C).ends("two commitments up to the end"),
        told().commit(3, A, 10, C).ends("the other one is behind the end", B, 9),
        told().commit(3, A, 7, B, [C], 1).ends("guardians were added: that is another one"),
        Told()
        .commit(1, A, 5, B)
        .commit(3, A, 7, X)
        .claim(4, X, A, 7)
        .ends("a thief, who adds a commitment"),
        told()
        .commit(3, A, 7, X)
        .fork(A, 7)
        .claim(4, X, A, 7)
        .ends("a thief, at a fork behind the commitment", B, 9),
        told().commit(3, A, 4, X).fork(A, 4).ends("a fork below the commitment"),
        told().fork(B, 1).ends("who has two first entries"),
        told().claim(3, B, A, 8).ends("the same, without a proof of it"),
        guarded().say(2, YES, B).ends("one of two guardians"),
        guarded().say(2, YES, B, X).ends("a yes of who is no guardian"),
        guarded().say(2, YES, B, C).ends("two of three guardians", stranger, 9),
        guarded().say(2, YES, B, C).say(2, NO, A).ends("the old key says no: all are asked"),
        guarded().say(2, YES, B, C, D).say(2, NO, A).ends("all of them said yes", stranger, 9),
        guarded()
        .say(2, YES, B, C)
        .claim(3, X, A, 9)
        .ends("the next key, and guardians for another", rivals=sorted([stranger, X])),
        told().commit(3, B, 2, A).claim(4, A, B, 3).ends("who comes back to itself"),
        guarded(1)
        .commit(4, B, 2, C)
        .claim(5, bytes([7]) * 32, B, 3)
        .say(2, YES, bytes([7]) * 32)
        .ends("a yes of who says to go on for a guardian, and does not"),
        guarded(1)
        .commit(4, B, 2, bytes([7]) * 32)
        .claim(5, bytes([7]) * 32, B, 3)
        .say(2, YES, bytes([7]) * 32)
        .ends("a yes of who goes on for a guardian", stranger, 9),
    ]
