"""The vectors of what peers say to each other: proofs of forks, seams, sleep, the dialogue at
/feeds, Echo values; made from the words of docs/protocol.md, see signers.py."""

from board_keys import ed25519
from making_feeds import BODIES, Chain, head_of
from signers import ALICE, BOB, sha256

from mesh.core.codec.cbor import encode

SPAN = 2**32
SECRET = bytes(range(32))


def exchanges():
    """The cases of exchanges.json."""
    chain = Chain()
    kinds = _asleep() + _seen(chain) + _witnessed(chain)
    return _evidence(chain) + _seams(chain.author) + kinds + _dialogue(chain) + _echoes()


def _evidence(chain):
    """Pairs of statements by one author, each a head or a run, that disagree at one seq."""
    clock, kind, _ = BODIES[2]
    other = Chain((*BODIES[:2], (clock, kind, ["lamp", False, None]), *BODIES[3:]))
    author = ed25519.public_key(BOB)
    pairs = [
        ("two heads of one seq", 3, [chain.head(3), other.head(3)]),
        ("two runs that part at seq 3", 3, [chain.run(2, 4), other.run(2, 6)]),
        ("a run that shows the link of a head's seq", 4, [chain.head(4), other.run(3, 5)]),
        ("a run from that seq on: its link before it", 3, [other.run(4, 5), chain.head(3)]),
    ]
    refused = [
        ("one head twice", [chain.head(3), chain.head(3)]),
        ("heads of different seqs", [chain.head(3), other.head(4)]),
        ("runs that agree", [chain.run(1, 4), chain.run(2, 6)]),
        ("runs that share no seq", [chain.run(1, 2), other.run(5, 6)]),
        ("one head alone", [chain.head(3)]),
        ("three heads", [chain.head(3), other.head(3), other.head(3)]),
        ("a head signed by somebody else", [chain.head(3), head_of(BOB, 3, other.links[3])]),
    ]
    cases = [
        {
            "what": "evidence",
            "meaning": meaning,
            "author": chain.author.hex(),
            "fork": fork,
            "hex": encode(pair).hex(),
        }
        for meaning, fork, pair in pairs
    ]
    cases += [
        {
            "what": "refused evidence",
            "meaning": meaning,
            "author": chain.author.hex(),
            "hex": encode(pair).hex(),
        }
        for meaning, pair in refused
    ]
    stranger = {"what": "refused evidence", "meaning": "of another author", "author": author.hex()}
    return [*cases, {**stranger, "hex": encode(pairs[0][2]).hex()}]


def _seams(author):
    """The link before a seq at which an author goes on that lost what it wrote before."""
    name = b"othermesh feed v1" + author
    cases = []
    for seq in (1, SPAN, 3 * SPAN + 12345, 2**53 - 2):
        link = sha256(name + seq.to_bytes(8, "big"))
        entry = encode([seq + 1, [0, 3, 7, None], "reading", None])
        head = head_of(ALICE, seq + 1, sha256(link + entry))
        run = [author, seq + 1, link, [entry], head]
        cases.append(
            {
                "what": "seam",
                "author": author.hex(),
                "seq": seq,
                "link": link.hex(),
                "run": encode(run).hex(),
            }
        )
    return cases


def _asleep():
    """Bodies of entries of that kind, and the seconds."""
    bodies = ([1, None], [604_800, None], [3600, 1_700_003_600_000], [60, None, "more"])
    refused = ([0, None], [604_801, None], [-1, None], [True, None], [1.0, None], [], {}, 60, None)
    cases = [{"what": "asleep", "seconds": b[0], "hex": encode(b).hex()} for b in bodies]
    return cases + [{"what": "refused asleep", "hex": encode(b).hex()} for b in refused]


def _seen(chain):
    """Bodies of entries of that kind, and so many of their rows as count."""
    me, other, link = chain.author, ed25519.public_key(BOB), chain.links[4]
    bodies = (
        (1, [[me, 4, link]]),
        (2, [[me, 4, link], [other, 2**53 - 1, chain.links[6]]]),
        (1, [[me, 4, link, "more"]]),
        (1, [[me, 4, link], [me, 6, chain.links[6]]]),
    )
    refused = (
        [],
        {},
        None,
        [me, 4, link],
        [[me, 4]],
        [[me, 0, link]],
        [[me, -1, link]],
        [[me, True, link]],
        [[me, 2**53, link]],
        [[me[:31], 4, link]],
        [[me, 4, link[:8]]],
        [[me, 4, link], [other, 4, None]],
    )
    cases = [
        {
            "what": "seen",
            "rows": [[who.hex(), seq, at.hex()] for who, seq, at, *_ in body[:count]],
            "hex": encode(body).hex(),
        }
        for count, body in bodies
    ]
    return cases + [{"what": "refused seen", "hex": encode(body).hex()} for body in refused]


def _witnessed(chain):
    """What witnesses a, b, ... said of a feed that forked at seq 3, in their order, and up to
    where it is kept if two of them have to say the same: null if it ends at the fork.
    """
    x, y, z = [chain.links[seq].hex()[:8] for seq in (4, 5, 6)]
    q = sha256(b"another history").hex()[:8]
    said = [
        ("two say the same", [["a", 4, x], ["a", 5, y], ["b", 4, x]], [4, x]),
        ("one alone", [["a", 4, x], ["a", 5, y]], None),
        ("two of whom none says what the other does", [["a", 4, x], ["b", 5, y]], None),
        ("what is before the fork is of both", [["a", 2, x], ["b", 2, x]], None),
        ("what one said first counts", [["a", 5, y], ["a", 4, q], ["b", 4, q]], None),
        ("half of them", [["a", 4, x], ["b", 4, x], ["c", 6, q], ["d", 6, q]], None),
        ("more than half", [["a", 4, x], ["b", 4, x], ["c", 6, q]], [4, x]),
        (
            "whoever shares one is for the same history",
            [["a", 4, x], ["b", 4, x], ["b", 5, y], ["b", 6, z], ["c", 6, z], ["d", 6, q]],
            [6, z],
        ),
    ]
    return [
        {"what": "witnessed", "meaning": meaning, "fork": 3, "said": rows, "kept": kept}
        for meaning, rows, kept in said
    ]


def _dialogue(chain):
    """What who holds alice's six entries answers to a FETCH /feeds that is no observation, with
    cursor 6 told last; `items`: what each is.
    """
    me, others = chain.author, b""
    asked = [
        ("all of one feed", {me: 1}, [chain.run(1, 6)]),
        ("the end of it", {me: 5}, [chain.run(5, 6)]),
        ("what is not there yet", {me: 7}, []),
        ("its head", {me: None}, [chain.head(6)]),
        ("all heads, from the start", {others: 0}, [chain.head(6), 6]),
        ("what changed since", {others: 6}, [6]),
        ("a cursor that was never told", {others: 2**53 - 1}, [chain.head(6), 6]),
        ("a gap, and all heads that are not named", {me: 4, others: 0}, [chain.run(4, 6), 6]),
        ("none of the others", {me: None, others: None}, [chain.head(6)]),
        ("a feed that is not there", {ed25519.public_key(BOB): 1}, []),
    ]
    return [
        {
            "what": "dialogue",
            "meaning": meaning,
            "question": encode(wishes).hex(),
            "answer": encode(items).hex(),
            "items": [_kind(item) for item in items],
        }
        for meaning, wishes, items in asked
    ]


def _kind(item):
    return "run" if isinstance(item, list) else "head" if isinstance(item, bytes) else "cursor"


def _echoes():
    """Values by a secret, the ms since boot, and the subject."""
    cases = []
    for ms in (0, 15, 16, 30_000, 2**36 - 1, 2**36):
        for name in (ed25519.public_key(ALICE), b"192.0.2.1:5683", b"[2001:db8::1]:5683"):
            stamp = (ms // 16 % 2**32).to_bytes(4, "big")
            value = stamp + sha256(SECRET + sha256(stamp + name))[:8]
            cases.append(
                {
                    "what": "echo",
                    "secret": SECRET.hex(),
                    "ms": ms,
                    "subject": name.hex(),
                    "value": value.hex(),
                    "good_until_ms": ms // 16 * 16 + 30_000,
                }
            )
    return cases
