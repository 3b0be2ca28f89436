"""Random histories of a circle, with liars, partitions, leavers, and peers that join late; and
what has to be true of each.

The honest do as docs/protocol.md section 13 says: they say yes to a rival of what they accepted
only if that was refused, and what they know of their own words they never forget.
"""

from agreement_oracle import Oracle
from signers import make_hash_kit

from mesh.core.relations import pact as pacts
from mesh.core.relations.agreements import Agreements
from mesh.core.relations.mark import LEAVE, NO, YES, Mark
from mesh.core.relations.weighing import state_of

KIT = make_hash_kit()
FIRST = b"\xff" * 32  # the founding


class Chance:
    """Numbers that follow from a seed, the same on every interpreter (xorshift, of 32 bits)."""

    def __init__(self, seed):
        self.x = (seed * 2654435761 + 88675123) & 0xFFFFFFFF or 1
        for _ in range(8):
            self.below(2)

    def below(self, n):
        x = self.x
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        self.x = x
        return x % n

    def one(self, values):
        return values[self.below(len(values))]

    def often(self, percent):
        return self.below(100) < percent

    def some(self, values, count):
        left, found = list(values), []
        while left and len(found) < count:
            found.append(left.pop(self.below(len(left))))
        return found

    def shuffled(self, values):
        return self.some(values, len(values))


def tell(facts, fact):
    """Give a fact to what evaluates it."""
    what, who, ref, *rest = fact
    if what == "pact":
        facts.pact(ref, who, rest[0])
    elif what == "fork":
        facts.forked(who)
    else:
        facts.mark(who, Mark(ref, what, "", None))


def known(facts):
    """Evaluate some facts, in their order."""
    made = Agreements(KIT)
    for fact in facts:
        tell(made, fact)
    return made


class History:
    """What a few peers wrote, each by what it knew. `lock`: whether the honest keep their word."""

    def __init__(self, seed, liars_most, lock=True):
        self.chance = chance = Chance(seed)
        self.lock = lock
        count = 2 + chance.below(6)
        self.peers = [bytes([n + 1]) * 32 for n in range(count + 2)]
        most = min(liars_most, count)
        self.liars = set(chance.some(self.peers[:count], chance.below(most + 1)))
        self.views = {peer: Agreements(KIT) for peer in self.peers}
        self.log = []
        first = self.peers[0]
        self.say(("pact", first, FIRST, pacts.check({5: 1, 6: "keep the seedlings"})), self.peers)
        need = count // 2 + 1 + (chance.often(30) and chance.below(count - count // 2))
        ref = self.change(first, FIRST, (self.peers[1:count], []), need, self.peers)
        for peer in self.peers[:count]:
            self.say((YES, peer, ref), self.peers)
        for _ in range(30 + chance.below(70)):
            self.step()

    def say(self, fact, hearers):
        self.log.append(fact)
        for peer in hearers:
            tell(self.views[peer], fact)

    def change(self, author, at, change, need, hearers, voids=()):
        """Propose other members or another rule. change: whom to add, and which seats to drop."""
        add, drop = change
        members = self.views[author].members(at)
        after = [one for i, one in enumerate(members) if i not in drop] + list(add)
        root = self.views[author].root(at)
        state = state_of(KIT, root, after, need)
        body = pacts.make(
            within=at,
            after=at,
            add=list(add),
            drop=sorted(drop),
            need=need,
            state=state,
            voids=list(voids),
        )
        return self.propose(author, body, hearers)

    def propose(self, author, body, hearers):
        ref = bytes([1]) + len(self.log).to_bytes(31, "big")
        self.say(("pact", author, ref, pacts.check(body)), hearers)
        return ref

    def step(self):
        """One peer hears of things, proposes, or says its word."""
        chance = self.chance
        me = chance.one(self.peers)
        view = self.views[me]
        if chance.often(35):
            for fact in self.log:
                if chance.often(50):
                    tell(view, fact)
            return
        hearers = [peer for peer in self.peers if peer == me or chance.often(60)]
        at, rivals = view.now(FIRST, me)
        members = view.members(at)
        if me in members and chance.often(18):
            self.suggest(me, at, members, rivals, hearers)
        if me in self.liars:
            self.lie(me, view, hearers)
        elif me not in view.left(at):
            self.be_honest(me, view, at, members, hearers)

    def suggest(self, me, at, members, rivals, hearers):
        chance = self.chance
        if chance.often(20):
            self.propose(me, pacts.make(within=at, text="an aim"), hearers)
            return
        left = self.views[me].left(at)
        outside = [peer for peer in self.peers if peer not in members]
        add, drop = [], []
        many = len(members)
        if left and len(left) < many and chance.often(60):
            gone = chance.some(left, 1 + chance.below(len(left)))
            drop = sorted([members.index(one) for one in gone])
            need = (many - len(drop)) // 2 + 1
        else:
            if outside and chance.often(40):
                add = [chance.one(outside)]
            elif many > 2 and chance.often(60):
                drop = [chance.below(many)]
            many += len(add) - len(drop)
            need = many // 2 + 1 + (chance.often(30) and chance.below(many - many // 2))
        self.change(me, at, (add, drop), need, hearers, rivals if chance.often(50) else ())

    def lie(self, me, view, hearers):
        chance = self.chance
        refs = sorted(view.pacts)
        word = chance.one((YES, YES, YES, NO, LEAVE))
        self.say((word, me, chance.one(refs)), hearers)
        if chance.often(5):
            self.say(("fork", me, FIRST), hearers)

    def be_honest(self, me, view, at, members, hearers):
        chance = self.chance
        if me in members and len(members) > 2 and chance.often(6) and not view.ties(at, me):
            self.say((LEAVE, me, at), hearers)
            return
        here = [ref for ref in sorted(view.pacts) if view.pacts[ref].within == at]
        here = [ref for ref in here if me in members or me in view.pacts[ref].add]
        silent = [r for r in here if me not in view.said(r, YES) + view.said(r, NO)]
        if not silent:
            return
        ref = chance.one(silent)
        if chance.often(15):
            self.say((NO, me, ref), hearers)
        elif not self.lock or not view.accepted_rivals(ref, me):
            self.say((YES, me, ref), hearers)


def check_order(history, full):
    """However they come: the same."""
    for _ in range(2):
        other = known(history.chance.shuffled(history.log))
        for ref in full.pacts:
            for name in ("holds", "dead", "state", "members"):
                assert getattr(other, name)(ref) == getattr(full, name)(ref), name
        for peer in history.peers:
            assert other.now(FIRST, peer) == full.now(FIRST, peer), "now"


def check_growth(history):
    """What held, or was refused, is so ever after."""
    some = Agreements(KIT)
    held, dead = set(), set()
    for fact in history.chance.shuffled(history.log):
        tell(some, fact)
        assert held <= {ref for ref in some.pacts if some.holds(ref)}, "what held holds no more"
        held = {ref for ref in some.pacts if some.holds(ref)}
        assert dead <= {ref for ref in some.pacts if some.dead(ref)}, "refused no more"
        dead = {ref for ref in some.pacts if some.dead(ref)}


def check_knowledge(history, full):
    """Who knows less claims no more."""
    for view in history.views.values():
        for ref in view.pacts:
            assert not view.holds(ref) or full.holds(ref), "claimed by who knows less"
            assert not view.dead(ref) or full.dead(ref), "refused by who knows less"


def check_yes(history, full):
    """Nothing holds by fewer than its rule asks for: each of them said yes, left, or lied."""
    by_words = Oracle()
    for fact in history.log:
        by_words.take(fact)
    for ref, pact in full.pacts.items():
        if pact.within is not None and full.holds(ref):
            spoke = [one for one in full.members(pact.within) if by_words.counts(one, ref)]
            assert len(spoke) >= full.pacts[pact.within].need, "it holds without enough voices"


def check_disputes(history, full):
    """Where two rivals hold somebody is named, and nobody honest. Gives how many do."""
    found = 0
    pairs = [
        (a, b)
        for a, one in full.pacts.items()
        for b, other in full.pacts.items()
        if a < b
        and one.after is not None
        and one.after == other.after
        and one.judged == other.judged
    ]
    for a, b in pairs:
        if full.holds(a) and full.holds(b):
            found += 1
            named = set(full.liars(a, b))
            assert named, "rivals, and nobody named"
            assert named <= history.liars, "an honest peer is named"
    return found


def check_oracle(history, full):
    """The rule says the same as when it is said plainly."""
    oracle = Oracle()
    for fact in history.log:
        oracle.take(fact)
    for ref in full.pacts:
        for name in ("holds", "dead", "members"):
            assert getattr(full, name)(ref) == getattr(oracle, name)(ref), name
    for who in history.peers:
        assert full.now(FIRST, who) == oracle.now(FIRST, who), "now"


CHECKS = (check_order, check_knowledge, check_yes, check_disputes)


def check(seed, liars_most, lock=True, oracle=True):
    """All of it. Gives how many disputes there were, and how many agreements that held."""
    history = History(seed, liars_most, lock)
    full = known(history.log)
    check_growth(history)
    disputes = [one(history, full) for one in CHECKS][-1]
    if oracle:
        check_oracle(history, full)
    return disputes, len([ref for ref in full.pacts if full.holds(ref)])
