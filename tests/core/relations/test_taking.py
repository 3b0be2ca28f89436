"""What is taken of entries: the same in every order, and bounded whatever members send."""

from collections import namedtuple

import signers
from world import Random

from mesh.core.relations import mark as marks
from mesh.core.relations import pact as pacts
from mesh.core.relations.agreements import IN_FORCE, Agreements
from mesh.core.relations.facts import Caps
from mesh.core.relations.mark import NO, YES
from mesh.core.relations.running import Running
from mesh.core.relations.taking import EARLY, GONE, PREFIX
from mesh.core.relations.weighing import state_of

KIT = signers.make_hash_kit()
A, B, C, D, ME = PEERS = [bytes([n]) * 32 for n in range(1, 6)]
CLOCK = [0, 1, 1000, None]
Run = namedtuple("Run", ("author", "first", "links", "values"))
FLOOD = 200


class Counting(Agreements):
    """Counts how often it is worked out whether something was accepted."""

    worked = 0

    def _accepted(self, ref, pact):
        self.worked += 1
        return super()._accepted(ref, pact)

    def state(self, ref):
        self.worked += 1
        return super().state(ref)


def taking(peers=PEERS, caps=None):
    return Running(Counting(KIT, ME, caps or Caps()), ME, list(peers))


class Feeds:
    """Feeds that are written by hand; links are made of author and seq."""

    def __init__(self):
        self.entries = {}

    def write(self, author, kind, body):
        entries = self.entries.setdefault(author, [])
        seq = len(entries) + 1
        link = KIT.sha256(author + seq.to_bytes(8, "big"))
        entries.append((link, [seq, CLOCK, kind, body]))
        return link

    def pact(self, author, **fields):
        return self.write(author, pacts.NAME, pacts.make(**fields))

    def mark(self, ref, word, *who):
        for author in who:
            self.write(author, marks.NAME, marks.make(ref, word))

    def run(self, author, first, last):
        rows = self.entries[author][first - 1 : last]
        return Run(author, first, [row[0] for row in rows], [row[1] for row in rows])

    def hear(self, part, author, first, last, now_ms=0):
        run = self.run(author, first, last)
        part.heard(now_ms, author, run.values, run)

    def hear_all(self, part):
        for author in sorted(self.entries):
            self.hear(part, author, 1, len(self.entries[author]))

    def give_missing(self, part):
        """Answer what it asks for, as peers that hold everything do."""
        for _ in range(50):
            missing = part.missing()
            for author in sorted(self.entries):
                for at in range(len(self.entries[author])):
                    link, value = self.entries[author][at]
                    about = value[3].get(1) if value[2] == marks.NAME else None
                    if link in missing or about in missing:
                        part.fetched(self.run(author, at + 1, at + 1))
            part.told(missing)
            if part.missing() == missing:
                return


def history():
    """A circle into which all come, one after the other, with rivals and refusals."""
    feeds = Feeds()
    founding = feeds.pact(A, need=1, text="the seedlings live")
    at, members = founding, [A]
    for new in (B, ME, C):
        members.append(new)
        need = len(members) // 2 + 1
        state = state_of(KIT, founding, members, need)
        by = members[-2]
        at = feeds.pact(by, within=at, after=at, add=[new], need=need, state=state)
        feeds.mark(at, YES, *members)
    aim = feeds.pact(A, within=at, text="the fan runs from 28 degrees")
    feeds.mark(aim, YES, A, B, C)
    after = feeds.pact(B, within=at, after=aim, text="from 26 degrees")
    rival = feeds.pact(C, within=at, after=aim, text="from 30 degrees")
    feeds.mark(after, YES, B, C, ME)
    feeds.mark(rival, NO, A, B)
    feeds.pact(D, need=1, text="of no concern here")
    feeds.pact(A, terms=[["answer", 5]])
    feeds.pact(A, text="a fan", parties=[ME], span=[0, 60])
    return feeds


def states(part):
    facts = part.agreements
    return sorted([(ref, facts.state(ref), sorted(facts.said(ref, YES))) for ref in facts.pacts])


def test_in_whatever_order_entries_come_the_same_is_known():
    feeds = history()
    straight = taking()
    feeds.hear_all(straight)
    feeds.give_missing(straight)
    expected = states(straight)
    assert len(expected) == 8, expected
    assert [row[1] for row in expected].count(IN_FORCE) >= 2
    for seed in range(60):
        random, part = Random(seed), taking()
        left = dict.fromkeys(feeds.entries, 1)
        while left:
            author = sorted(left)[random(1)[0] % len(left)]
            first = left[author]
            last = min(first + random(1)[0] % 3, len(feeds.entries[author]))
            feeds.hear(part, author, first, last)
            left[author] = last + 1
            if last == len(feeds.entries[author]):
                del left[author]
            if random(1)[0] % 4 == 0:
                feeds.give_missing(part)
        feeds.give_missing(part)
        assert states(part) == expected, seed
        again = taking()
        again.restore(KIT.decode(KIT.encode(part.kept())))
        assert states(again) == expected, "what is stored is all of it"
        feeds.hear_all(again)
        assert states(again) == expected, "and nothing counts twice"


def test_words_that_came_early_push_out_no_proposal():
    feeds, part = Feeds(), taking()
    founding = feeds.pact(A, need=1, text="the seedlings live")
    state = state_of(KIT, founding, [A, B, ME], 2)
    version = feeds.pact(A, within=founding, after=founding, add=[B, ME], need=2, state=state)
    aim = feeds.pact(B, within=version, text="no fan")
    refs = [version, aim]
    refs += [KIT.sha256(b"%d" % n) for n in range(2 * EARLY)]
    for ref in refs:
        feeds.mark(ref, YES, B)
    feeds.hear(part, B, 1, len(feeds.entries[B]))
    feeds.hear(part, A, 1, 2)
    feeds.give_missing(part)
    assert part.agreements.said(version, YES) == [B]
    assert part.agreements.said(aim, YES) == [B]


def flooded():
    """The history, and a member C that does what it can."""
    feeds = history()
    part = taking()
    feeds.hear_all(part)
    feeds.give_missing(part)
    facts = part.agreements
    (at,) = [ref for ref, pact in facts.pacts.items() if ME in pact.add]
    last = len(feeds.entries[C])
    for n in range(FLOOD):
        other = KIT.sha256(b"%d" % n)
        founding = feeds.pact(C, need=1, text=f"circle {n}")
        feeds.pact(C, within=founding, after=founding, add=[ME], need=2, state=other)
        feeds.pact(C, within=other, after=other, add=[ME, other], need=2, state=other)
        feeds.pact(C, within=at, text=f"aim {n}")
        feeds.pact(C, within=other, text=f"aim {n}")
        feeds.pact(C, text=f"request {n}", parties=[ME, other], span=[0, 60])
        feeds.pact(C, terms=[["answer", 5]])
        feeds.mark(other, n % 8 if n % 8 not in (2, 3) else YES, C)
    return feeds, part, at, last


def test_a_member_that_floods_fills_no_more_than_its_share():
    feeds, part, at, last = flooded()
    facts, end = part.agreements, len(feeds.entries[C])
    before, most = facts.worked, 0
    for seq in range(last + 1, end + 1):
        was = facts.worked
        feeds.hear(part, C, seq, seq, now_ms=seq)
        most = max(most, facts.worked - was)
    feeds.give_missing(part)
    caps = Caps()
    assert len(facts.pacts) <= caps.refs
    assert len(facts._ids) <= caps.peers
    assert len(part._early) <= EARLY * len(PEERS)
    assert len(part._gone) <= PREFIX * GONE
    assert len(part.missing()) <= 2 * caps.refs
    mine = [ref for ref in facts.pacts if facts.authors[ref] == C]
    assert len(mine) <= 2 + caps.of_one + caps.open + 3
    # in all, and for one entry: what is refused is not worked out anew
    assert facts.worked - before < 20 * (end - last)
    assert most < 12 * caps.refs
    others = feeds.pact(B, within=at, text="of somebody else")
    feeds.hear(part, B, len(feeds.entries[B]), len(feeds.entries[B]), now_ms=10**6)
    assert others in facts.pacts, "it keeps nobody from proposing"
    circle = feeds.pact(D, need=1, text="another circle")
    state = state_of(KIT, circle, [D, ME], 2)
    invitation = feeds.pact(D, within=circle, after=circle, add=[ME], need=2, state=state)
    feeds.hear(part, D, 1, len(feeds.entries[D]), now_ms=10**6)
    feeds.give_missing(part)
    assert circle in facts.pacts
    assert facts.members(invitation) == [D, ME], "nor from asking in"


def test_what_is_over_makes_room_and_is_never_taken_again():
    feeds, part = Feeds(), taking()
    caps = Caps()
    for n in range(5 * caps.open):
        ref = feeds.pact(A, text=f"request {n}", parties=[ME])
        feeds.mark(ref, NO, ME)
    feeds.hear(part, ME, 1, len(feeds.entries[ME]))
    for seq in range(1, len(feeds.entries[A]) + 1):
        part._now_ms = 10_000 * seq
        feeds.hear(part, A, seq, seq, now_ms=10_000 * seq)
    last = feeds.entries[A][-1][0]
    assert last in part.agreements.pacts
    first = feeds.entries[A][0][0]
    assert first not in part.agreements.pacts
    part.fetched(feeds.run(A, 1, 1))
    assert first not in part.agreements.pacts
    assert first not in part.missing()
