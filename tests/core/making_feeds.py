"""The vectors of section 6, made from the words of docs/protocol.md, see signers.py."""

from board_keys import ed25519
from signers import ALICE, BOB, cose_of, sha256

from mesh.core.codec.cbor import Decimal, encode

HEAD_AAD = encode(["othermesh-head"])
BODIES = (
    ([0, 1, 60_000, None], "reading", [{0: "temperature", 1: "Cel", 2: Decimal(2135, -2)}]),
    ([1, 1, 120_000, 1_700_000_120_000], "reading", [{0: "count", 2: 3}, {0: "open", 4: True}]),
    ([2, 1, 180_000, 1_700_000_180_000], "actuated", ["lamp", True, None]),
    ([3, 2, 5, 1_700_000_240_000], "reading", [{0: "light", 1: "lx", 2: 0.5}]),
    ([0, 2**32, 0, None], "\u2603" * 10, "a kind of 30 bytes"),
    ([0, 3, 2**40, None], "", None),
)


def genesis(author):
    return sha256(b"othermesh feed v1" + author)


def head_of(secret, seq, link):
    protected = encode({1: -19, 4: ed25519.public_key(secret)})
    return cose_of(secret, protected, HEAD_AAD, encode([seq, link]))


class Chain:
    """Entries and links of alice: entries[n] and links[n] belong to seq n."""

    def __init__(self, bodies=BODIES):
        self.author = ed25519.public_key(ALICE)
        self.entries = [b""]
        self.links = [genesis(self.author)]
        for clock, kind, body in bodies:
            entry = encode([len(self.entries), clock, kind, body])
            self.entries.append(entry)
            self.links.append(sha256(self.links[-1] + entry))

    def head(self, seq):
        return head_of(ALICE, seq, self.links[seq])

    def run(self, first, last):
        return [
            self.author,
            first,
            self.links[first - 1],
            self.entries[first : last + 1],
            self.head(last),
        ]


def feeds():
    """The cases of feeds.json."""
    chain = Chain()
    cases = [{"what": "genesis", "author": chain.author.hex(), "link": chain.links[0].hex()}]
    for seq, (clock, kind, _) in enumerate(BODIES, 1):
        cases.append(
            {
                "what": "entry",
                "seq": seq,
                "clock": clock,
                "kind": kind,
                "hex": chain.entries[seq].hex(),
                "link": chain.links[seq].hex(),
            }
        )
    cases += [
        {
            "what": "head",
            "seq": seq,
            "author": chain.author.hex(),
            "hex": chain.head(seq).hex(),
        }
        for seq in (3, 6)
    ]
    last = 2**53 - 1
    entry = encode([last, [3, last, last, last], "note", None])
    link = sha256(chain.links[1] + entry)
    run = [chain.author, last, chain.links[1], [entry], head_of(ALICE, last, link)]
    cases.append({"what": "last entry", "seq": last, "hex": entry.hex(), "run": encode(run).hex()})
    cases += [
        {"what": "run", "first": first, "last": last, "hex": encode(chain.run(first, last)).hex()}
        for first, last in ((1, 1), (1, 6), (4, 6), (6, 6))
    ]
    for meaning, code, entry in _entries():
        cases.append(
            {"what": "refused entry", "meaning": meaning, "code": code, "hex": encode(entry).hex()}
        )
    for meaning, code, run in _runs(chain):
        cases.append(
            {"what": "refused run", "meaning": meaning, "code": code, "hex": encode(run).hex()}
        )
    cases += _unknown_entries(chain) + _unknown_runs(chain)
    return cases + _wishes(chain.author)


def _wishes(author):
    """What FETCH /feeds may ask for, and what not."""
    asked = [("wishes", None, seq) for seq in (None, 0, 1, 2**31, 2**32, 2**53 - 1, 2**53)]
    refused = (-1, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, -(2**64), True, 1.0, "1", b"1", [1])
    asked += [("refused wishes", "4.00", seq) for seq in refused]
    return [
        {"what": what, "code": code, "hex": encode({name: seq}).hex()}
        for what, code, seq in asked
        for name in (author, b"")
    ]


def _entries():
    clock = [0, 1, 2, None]
    return [
        (meaning, "4.00", entry)
        for meaning, entry in (
            ("a map", {0: 1}),
            ("three items", [1, clock, "reading"]),
            ("seq 0", [0, clock, "reading", None]),
            ("seq negative", [-1, clock, "reading", None]),
            ("seq 2^53", [2**53, clock, "reading", None]),
            ("seq 2^63 - 1", [2**63 - 1, clock, "reading", None]),
            ("seq 2^64 - 1", [2**64 - 1, clock, "reading", None]),
            ("boots 2^53", [1, [0, 2**53, 2, None], "reading", None]),
            ("boots 2^64 - 1", [1, [0, 2**64 - 1, 2, None], "reading", None]),
            ("boots true", [1, [0, True, 2, None], "reading", None]),
            ("milliseconds 2^53", [1, [0, 1, 2**53, None], "reading", None]),
            ("milliseconds negative", [1, [0, 1, -1, None], "reading", None]),
            ("Unix time 2^53", [1, [2, 1, 2, 2**53], "reading", None]),
            ("Unix time 2^64 - 1", [1, [2, 1, 2, 2**64 - 1], "reading", None]),
            ("quality 2^53", [1, [2**53, 1, 2, None], "reading", None]),
            ("quality true", [1, [True, 1, 2, None], "reading", None]),
            ("quality negative", [1, [-1, 1, 2, None], "reading", None]),
            ("seq true", [True, clock, "reading", None]),
            ("seq a float", [1.0, clock, "reading", None]),
            ("a clock of three", [1, clock[:3], "reading", None]),
            ("a clock that is null", [1, None, "reading", None]),
            ("quality null", [1, [None, 1, 2, None], "reading", None]),
            ("boots negative", [1, [0, -1, 2, None], "reading", None]),
            ("milliseconds as a float", [1, [0, 1, 2.0, None], "reading", None]),
            ("Unix time false", [1, [0, 1, 2, False], "reading", None]),
            ("Unix time negative", [1, [0, 1, 2, -1], "reading", None]),
        )
    ]


def _unknown_entries(chain):
    """Entries with more in them than version 1 has, and what is understood of each."""
    clock = [2, 1, 2, 3]
    kinds = (
        ("of 33 bytes", "x" * 33),
        ("of 33 bytes in 11 characters", "\u2603" * 11),
        ("that is bytes", b"reading"),
        ("that is a number", 5),
        ("that is null", None),
        ("that is an array", [1]),
        ("that is empty", ""),
    )
    found = [
        ("five items", [7, clock, "reading", [], None], clock, "reading"),
        ("nine items", [7, clock, "note", None, 1, {}, [], b"", "x"], clock, "note"),
        ("a clock of six", [7, [2, 1, 2, 3, 5, "x"], "note", None], clock, "note"),
        ("quality 4", [7, [4, 1, 2, 3], "note", None], [0, 1, 2, None], "note"),
        ("quality 2^53 - 1", [7, [2**53 - 1, 1, 2, 3], "note", None], [0, 1, 2, None], "note"),
    ]
    for meaning, kind in kinds:
        read = kind if isinstance(kind, str) else ""
        found.append(("a kind " + meaning, [7, clock, kind, {1: b"?"}], clock, read))
    cases = []
    for meaning, value, stamp, kind in found:
        data = encode(value)
        link = sha256(chain.links[6] + data)
        run = [chain.author, 7, chain.links[6], [data], head_of(ALICE, 7, link)]
        cases.append(
            {
                "what": "unknown entry",
                "meaning": meaning,
                "hex": data.hex(),
                "clock": stamp,
                "kind": kind,
                "run": encode(run).hex(),
            }
        )
    return cases


def _unknown_runs(chain):
    """Runs and heads with more in them than version 1 has: they hold as if it were not there."""
    author, first, before, entries, head = chain.run(2, 4)
    protected = encode({1: -19, 4: author, 99: "x"})
    longer = cose_of(ALICE, protected, HEAD_AAD, encode([4, chain.links[4], {}]))
    runs = (
        ("six items", [author, first, before, entries, head, None]),
        (
            "a head of three items, with a label that is not known",
            [author, first, before, entries, longer],
        ),
    )
    return [{"what": "unknown run", "meaning": m, "hex": encode(run).hex()} for m, run in runs]


def _runs(chain):
    """Wrong runs; their heads are signed rightly wherever there can be one."""
    author, first, before, entries, head = chain.run(2, 4)
    links = chain.links
    other = ed25519.public_key(BOB)
    gap = entries[:1] + entries[2:]
    gap_link = sha256(sha256(before + entries[0]) + entries[2])
    large = encode([2, [0, 1, 2, None], "reading", b"x" * 512])
    wrong = encode([2, [0, 1, 2], "x", None])
    false_start = sha256(b"")
    false_link = sha256(false_start + chain.entries[1])
    return [
        ("a map", "4.00", {0: author}),
        ("four items", "4.00", [author, first, before, entries]),
        ("an author of 31 bytes", "4.00", [author[1:], first, before, entries, head]),
        ("another author", "4.00", [other, first, before, entries, head]),
        ("first seq 0", "4.00", [author, 0, before, entries, head]),
        ("first seq true", "4.00", [author, True, before, entries, head]),
        ("first seq of another entry", "4.00", [author, 3, before, entries, head]),
        ("a link of 31 bytes", "4.00", [author, first, before[1:], entries, head]),
        ("another link before", "4.00", [author, first, links[2], entries, head]),
        ("first seq 2^53", "4.00", _at(author, 2**53)),
        ("first seq 2^63 - 1", "4.00", _at(author, 2**63 - 1)),
        ("first seq 2^64 - 1", "4.00", _at(author, 2**64 - 1)),
        ("entries beyond seq 2^53 - 1", "4.00", _at(author, 2**53 - 1, 2)),
        ("no entries", "4.00", [author, 5, links[4], [], head]),
        ("entries that are not byte strings", "4.13", [author, first, before, [2, 3, 4], head]),
        ("the entries the other way round", "4.00", [author, first, before, entries[::-1], head]),
        (
            "an entry missing, vouched for",
            "4.00",
            [author, 2, before, gap, head_of(ALICE, 3, gap_link)],
        ),
        ("an entry missing at the end", "4.00", [author, first, before, entries[:2], head]),
        ("an entry twice", "4.00", [author, first, before, entries + entries[-1:], head]),
        (
            "an entry of 520 bytes",
            "4.13",
            [author, 2, before, [large], head_of(ALICE, 2, sha256(before + large))],
        ),
        (
            "an entry that is none, vouched for",
            "4.00",
            [author, 2, before, [wrong], head_of(ALICE, 2, sha256(before + wrong))],
        ),
        (
            "a first entry that does not follow on the genesis, vouched for",
            "4.00",
            [author, 1, false_start, chain.entries[1:2], head_of(ALICE, 1, false_link)],
        ),
        ("a head that is null", "4.00", [author, first, before, entries, None]),
        (
            "a head of another seq",
            "4.00",
            [author, first, before, entries, head_of(ALICE, 5, links[4])],
        ),
        (
            "a head of another link",
            "4.00",
            [author, first, before, entries, head_of(ALICE, 4, links[3])],
        ),
        (
            "a head by somebody else",
            "4.00",
            [author, first, before, entries, head_of(BOB, 4, links[4])],
        ),
        (
            "a head signed by somebody else",
            "4.01",
            [author, first, before, entries, _forged(4, links[4])],
        ),
        (
            "a head signed as a representation",
            "4.01",
            [
                author,
                first,
                before,
                entries,
                cose_of(ALICE, encode({1: -19, 4: author}), b"", encode([4, links[4]])),
            ],
        ),
    ]


def _at(author, first, count=1):
    """A run from a seq on, vouched for."""
    link = before = bytes(32)
    entries = []
    for seq in range(first, first + count):
        entries.append(encode([min(seq, 2**64 - 1), [0, 1, 2, None], "note", None]))
        link = sha256(link + entries[-1])
    return [author, first, before, entries, head_of(ALICE, first + count - 1, link)]


def _forged(seq, link):
    protected = encode({1: -19, 4: ed25519.public_key(ALICE)})
    return cose_of(BOB, protected, HEAD_AAD, encode([seq, link]))
