"""The vectors of agreements and promises: bodies, the state that a change commits to, and what
facts amount to; made from the words of docs/protocol.md section 13.
"""

from signers import sha256

from mesh.core.codec.cbor import encode

A, B, C, D, X = (bytes([n]) * 32 for n in (1, 2, 3, 4, 9))
REF, OTHER = bytes(range(32)), bytes(range(32, 64))
YEAR = 31_622_400
NO, YES, LEAVE = 0, 1, 4


def relations():
    """The cases of relations.json."""
    return _pacts() + _refused_pacts() + _marks() + _states() + _histories()


def _pacts():
    """Bodies, and how each is judged."""
    bodies = [
        ("founding", {1: None, 5: 1, 6: "keep the seedlings alive", 8: [3600]}),
        ("founding", {5: 1, 6: "x" * 160, 12: REF, 13: True}),
        ("promise", {7: [["every", "temperature", 60, 10]]}),
        ("promise", {2: REF, 7: [["keep", A, 30], ["answer", 5]], 8: [0, 604_800]}),
        ("promise", {7: [["act", "fan", 0, 1.5, 600]], 99: "of a later version"}),
        ("promise", {7: [_when(), _when(1, A), _when(4, 0.5), _when(6, -2, 7, None)]}),
        ("promise", {7: [_when(3, "below", 6, "x" * 64, 7, ""), _when(8, "more")]}),
        ("with", {7: [_when(1, A, 6, False, 7, 1.5)], 10: [A]}),
        ("promise", {7: [["sing", "softly"], ["answer", YEAR, "more"]]}),
        ("with", {6: "a fan for an hour", 7: [["act", "fan", 0, 1, 600]], 10: [A]}),
        ("rule", {1: REF, 2: REF, 3: [A, B], 5: 2, 9: OTHER}),
        ("rule", {1: REF, 2: REF, 4: [0, 3], 5: 32, 9: OTHER, 11: [OTHER]}),
        ("side", {1: REF, 6: "fan on trial", 7: [["act", "fan", 0, 1, 600]], 8: [0, 604_800]}),
        ("side", {1: REF, 2: OTHER, 6: "fan from 28"}),
    ]
    return [{"what": "pact", "judged": how, "hex": encode(body).hex()} for how, body in bodies]


def _refused_pacts():
    term = ["answer", 5]
    bodies = [
        ("no map", [1]),
        ("it says nothing", {}),
        ("a text alone is no promise", {6: "I am kind"}),
        ("a ref of 31 bytes", {1: REF[:31], 6: "x"}),
        ("an empty text", {5: 1, 6: ""}),
        ("a text of 161 bytes", {5: 1, 6: "x" * 161}),
        ("founded by two", {5: 2, 6: "x"}),
        ("a need of 0", {1: REF, 2: REF, 5: 0, 9: OTHER}),
        ("a need of 33", {1: REF, 2: REF, 5: 33, 9: OTHER}),
        ("a need that is a bool", {5: True, 6: "x"}),
        ("a change without the state", {1: REF, 2: REF, 5: 2, 3: [A]}),
        ("a change without the need", {1: REF, 2: REF, 9: OTHER, 3: [A]}),
        ("a change that replaces another version", {1: REF, 2: OTHER, 5: 2, 9: OTHER}),
        ("what replaces a version, and is no change", {1: REF, 2: REF, 6: "x"}),
        ("parties in a circle", {1: REF, 6: "x", 10: [A]}),
        ("parties, and a need", {6: "x", 5: 1, 10: [A]}),
        ("nobody is added", {1: REF, 2: REF, 3: [], 5: 2, 9: OTHER}),
        ("one is added twice", {1: REF, 2: REF, 3: [A, A], 5: 2, 9: OTHER}),
        ("seats out of order", {1: REF, 2: REF, 4: [3, 1], 5: 2, 9: OTHER}),
        ("a seat that is none", {1: REF, 2: REF, 4: [32], 5: 2, 9: OTHER}),
        ("only a change voids", {1: REF, 6: "x", 11: [OTHER]}),
        (
            "nine are voided",
            {1: REF, 2: REF, 5: 2, 9: OTHER, 11: [bytes([n]) * 32 for n in range(9)]},
        ),
        ("ends at once", {7: [term], 8: [0, 0]}),
        ("ends after more than a year", {7: [term], 8: [0, YEAR + 1]}),
        ("a span of three", {7: [term], 8: [0, 1, 2]}),
        ("private, and no bool", {5: 1, 6: "x", 13: 1}),
        ("no terms", {7: []}),
        ("five terms", {7: [term] * 5}),
        ("a term without a name", {7: [[5]]}),
        ("every 0 s", {7: [["every", "t", 0, 10]]}),
        ("every, without a slack", {7: [["every", "t", 60]]}),
        ("a slack of 1001", {7: [["every", "t", 60, 1001]]}),
        ("a sensor of 65 bytes", {7: [["every", "t" * 65, 60, 10]]}),
        ("keep for nobody", {7: [["keep", A[:8], 30]]}),
        ("bounds the wrong way", {7: [["act", "fan", 1, 0, 60]]}),
        ("a bound that is a bool", {7: [["act", "fan", False, 1, 60]]}),
        ("answers in 0 s", {7: [["answer", 0]]}),
    ] + [(meaning, {7: [term]}) for meaning, term in _no_rules()]
    return [
        {"what": "refused pact", "meaning": meaning, "hex": encode(body).hex()}
        for meaning, body in bodies
    ]


def _when(*changes):
    """A rule; changes: at which place stands what instead."""
    term = ["when", None, "temperature", "above", 28, "fan", 1, 0]
    for at in range(0, len(changes), 2):
        term[changes[at] : changes[at] + 1] = [changes[at + 1]]
    return term


def _no_rules():
    return [
        ("a rule without an else", _when()[:7]),
        ("a rule by half an id", _when(1, A[:16])),
        ("a rule by a name", _when(1, "door")),
        ("a rule by no sensor", _when(2, "")),
        ("a rule by a sensor of 65 bytes", _when(2, "t" * 65)),
        ("a rule with another comparison", _when(3, "equals")),
        ("a rule with a list to compare", _when(3, ["above"])),
        ("a bound that is a text", _when(4, "28")),
        ("a rule with a bound that is a bool", _when(4, True)),
        ("a rule of no actuator", _when(5, None)),
        ("a rule that sets nothing", _when(6, None)),
        ("a rule that sets a list", _when(6, [1])),
        ("a rule that sets a text of 65 characters", _when(6, "x" * 65)),
        ("a rule whose else is bytes", _when(7, b"x")),
    ]


def _marks():
    bodies = [
        {1: REF, 2: YES},
        {1: REF, 2: YES, 4: OTHER},
        {1: REF, 2: NO, 3: "x" * 160},
        {1: REF, 2: 2, 3: "shall we wait?"},
        {1: REF, 2: 255, 9: "of a later version"},
    ]
    refused = [
        ("no map", REF),
        ("no ref", {2: YES}),
        ("a short ref", {1: REF[:8], 2: YES}),
        ("no word", {1: REF}),
        ("a word of 256", {1: REF, 2: 256}),
        ("a word that is a bool", {1: REF, 2: True}),
        ("says nothing", {1: REF, 2: 2}),
        ("objects without a reason", {1: REF, 2: 3}),
        ("a reason of 161 bytes", {1: REF, 2: NO, 3: "x" * 161}),
        ("a key of 31 bytes", {1: REF, 2: YES, 4: OTHER[:31]}),
    ]
    cases = [{"what": "mark", "word": body[2], "hex": encode(body).hex()} for body in bodies]
    return cases + [
        {"what": "refused mark", "meaning": meaning, "hex": encode(body).hex()}
        for meaning, body in refused
    ]


def _state(members, need):
    return sha256(encode([REF, list(members), need]))


def _states():
    """The circle, its members in the order of their seats, their need; and the hash of these."""
    return [
        {
            "what": "state",
            "circle": REF.hex(),
            "members": [one.hex() for one in members],
            "need": need,
            "state": _state(members, need).hex(),
        }
        for members, need in (([A], 1), ([A, B, C], 2), ([B, A], 2))
    ]


class Told:
    """A circle that A founded, and what is said in it. Refs are bytes of one number."""

    def __init__(self):
        self.facts = []
        self.pact(0, A, {5: 1, 6: "the seedlings live"})
        self.change(1, A, 0, [A, B, C, D], 3, {3: [B, C, D]})
        self.say(1, YES, A, B, C, D)

    def ref(self, n):
        return REF if n == 0 else bytes([100 + n]) * 32

    def pact(self, n, author, body):
        self.facts.append(["pact", self.ref(n).hex(), author.hex(), encode(body).hex()])
        return self

    def change(self, n, author, at, members, need, more):
        head = {1: self.ref(at), 2: self.ref(at), 5: need, 9: _state(members, need)}
        return self.pact(n, author, {**head, **more})

    def aim(self, n, author, at=1, text="the fan runs from 28"):
        return self.pact(n, author, {1: self.ref(at), 6: text})

    def say(self, n, word, *who):
        body = encode({1: self.ref(n), 2: word}).hex()
        self.facts += [["mark", one.hex(), body] for one in who]
        return self

    def fork(self, who):
        self.facts.append(["fork", who.hex()])
        return self

    def ends(self, meaning, states, now=1, rivals=(), liars=()):
        return {
            "what": "history",
            "meaning": meaning,
            "facts": self.facts,
            "states": {self.ref(n).hex(): state for n, state in states.items()},
            "now": self.ref(now).hex(),
            "rivals": [self.ref(n).hex() for n in rivals],
            "liars": [one.hex() for one in liars],
        }


def _histories():
    three, less = {4: [3]}, {4: [2]}
    return [
        Told().ends("founded and joined", {0: "replaced", 1: "in force"}),
        Told().aim(2, A).say(2, YES, A, B).ends("two of three", {2: "open"}),
        Told().aim(2, A).say(2, YES, A, B, X).ends("a stranger's yes", {2: "open"}),
        Told().aim(2, A).say(2, YES, A, B, D).ends("three of three", {2: "in force"}),
        Told().aim(2, A).say(2, NO, C, D).ends("too few are left", {2: "refused"}),
        Told().aim(2, A).say(2, YES, A, B).fork(C).ends("a double is a yes", {2: "in force"}),
        Told().aim(2, A).say(2, YES, A, B, C).say(2, NO, C).ends("yes and no", {2: "in force"}),
        Told()
        .change(2, A, 1, [A, B, C], 2, three)
        .say(2, YES, A)
        .say(1, LEAVE, D)
        .ends("a leaver is let go, by two who remain", {2: "open"}),
        Told()
        .change(2, A, 1, [A, B, C], 2, three)
        .say(2, YES, A, B)
        .say(1, LEAVE, D)
        .ends("and was", {1: "replaced", 2: "in force"}, now=2),
        Told()
        .change(2, A, 1, [A, B, C, D, X], 3, {3: [X]})
        .say(2, YES, A, B, C)
        .ends("who is added has to say so", {2: "open"}),
        Told()
        .change(2, A, 1, [A, B, C], 3, {4: [2]})
        .say(2, YES, A, B, C, D)
        .ends("a state that is not what follows", {2: "does not fit"}),
        Told().aim(2, A, 7).say(2, YES, A, B, C).ends("stands on the unknown", {2: "unknown"}),
        Told()
        .change(2, A, 1, [A, B, C], 2, three)
        .change(3, B, 1, [A, B, D], 2, less)
        .say(2, YES, A, B, C)
        .say(3, YES, B, C, D)
        .ends("rivals", {2: "disputed", 3: "disputed"}, rivals=(2, 3), liars=(B, C)),
    ]
