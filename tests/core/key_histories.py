"""Random histories of peers that go on under other keys, with thieves who hold today's key of
somebody, guardians that lie, and strangers; and what has to be true of each.

An honest owner commits before its key is stolen, and names an end before the thief's first entry.
"""

from agreement_histories import Chance
from key_oracle import KeyOracle
from signers import make_hash_kit

from mesh.core.relations import key as keys
from mesh.core.relations.mark import NO, YES
from mesh.core.relations.succession import Successions

KIT = make_hash_kit()
OWNERS = 4


def name(*numbers):
    return KIT.sha256(bytes(numbers))


def tell(facts, fact):
    """Give a fact to what evaluates it."""
    what, *rest = fact
    {"key": facts.key, "mark": facts.mark, "fork": facts.forked}[what](*rest)


def known(facts, made=None):
    """Evaluate some facts, in their order."""
    made = made or Successions(KIT)
    for fact in facts:
        tell(made, fact)
    return made


class Owner:
    """Somebody with a key, a next one, and one after that."""

    def __init__(self, number):
        self.ids = [name(number, at) for at in range(3)]
        self.at = 0  # which of them it is now
        self.seqs = [0, 0, 0]
        self.committed = [0, 0, 0]  # the entry of the first commitment, 0 for none
        self.stolen = [0, 0, 0]  # the first entry of a thief, in place of or behind the owner's
        self.forks = [0, 0, 0]
        self.guardians, self.need = [[], [], []], [0, 0, 0]
        self.claims = {}  # refs of its own claims: the place of the id whose feed goes on

    @property
    def id(self):
        return self.ids[self.at]


class History:
    """What they and thieves wrote. All of it is in `log`."""

    def __init__(self, seed):
        self.chance = chance = Chance(seed)
        self.owners = [Owner(number) for number in range(OWNERS)]
        self.thieves = [name(99, number) for number in range(3)]
        self.liars = {owner.ids[0] for owner in self.owners if chance.often(35)}
        self.log = []
        self.done = set()  # thieves and others who wrote their first entry
        some = (self.commit, self.steal, self.claim, self.vouch, self.lie, self.link)
        some += (self.commit, self.claim, self.vouch, self.vouch)
        for _ in range(20 + chance.below(40)):
            chance.one(some)()

    def write(self, author, seq, body):
        ref = KIT.sha256(b"ref" + len(self.log).to_bytes(4, "big"))
        self.log.append(("key", ref, author, seq, keys.check(body)))
        return ref

    # what owners do

    def commit(self):
        """Commit, or say the same once more; nobody adds to a feed that a thief writes to."""
        owner = self.chance.one(self.owners)
        at = owner.at
        if at == 2 or owner.stolen[at]:
            return
        if not owner.committed[at]:
            others = [one.ids[0] for one in self.owners if one is not owner]
            count = self.chance.below(OWNERS)
            owner.guardians[at] = self.chance.some(others, count)
            owner.need[at] = 1 + self.chance.below(count) if count else 0
        following = KIT.sha256(owner.ids[at + 1])
        owner.seqs[at] += 1 + self.chance.below(3)
        owner.committed[at] = owner.committed[at] or owner.seqs[at]
        body = keys.make(following, owner.guardians[at], owner.need[at])
        self.write(owner.id, owner.seqs[at], body)

    def claim(self):
        """Go on by the next key, or by another one with the help of guardians; a thief tries."""
        chance = self.chance
        owner = chance.one(self.owners)
        at = owner.at
        if chance.often(40):
            thief = chance.one(self.thieves)
            if thief not in self.done:
                self.done.add(thief)
                end = 1 + chance.below(owner.seqs[at] + 4)
                self.write(thief, 1, keys.make(old=(owner.id, end, bytes(32))))
        elif at < 2 and owner.committed[at] and chance.often(60):
            first = owner.stolen[at] or owner.seqs[at] + 1
            end = owner.committed[at] + chance.below(max(1, first - owner.committed[at]))
            new = owner.ids[at + 1]
            ref = self.write(new, 1, keys.make(old=(owner.id, end, bytes(32))))
            owner.claims[ref] = at
            owner.seqs[at + 1] = 1
            owner.at += 1

    def vouch(self):
        """The honest say yes to what an owner says, and no to what they did not write."""
        chance = self.chance
        claims = [fact for fact in self.log if fact[0] == "key" and fact[4].old is not None]
        if not claims:
            return
        _, ref, _, _, key = chance.one(claims)
        who = chance.one(self.owners)
        if who.ids[0] in self.liars:
            self.log.append(("mark", who.id, ref, chance.one((YES, YES, YES, NO))))
        elif [one for one in self.owners if ref in one.claims]:
            self.log.append(("mark", who.id, ref, YES))
        elif key.old[0] == who.id:
            self.log.append(("mark", who.id, ref, NO))

    def link(self):
        one, other = (self.chance.one(self.owners) for _ in range(2))
        if one is not other and not one.stolen[one.at]:
            one.seqs[one.at] += 1
            seq = one.seqs[one.at]
            self.write(one.id, seq, keys.make(same=[other.id]))

    # what thieves do

    def steal(self):
        """Write with a stolen key, behind what is there or in its place."""
        chance = self.chance
        owner = chance.one(self.owners)
        at = chance.below(owner.at + 1)
        if not owner.committed[at]:
            return  # who comes before the first commitment is the owner, to all others
        seq = owner.seqs[at] + 1
        if chance.often(35):
            seq = 1 + chance.below(owner.seqs[at])
            owner.forks[at] = min(owner.forks[at] or seq, seq)
            self.log.append(("fork", owner.ids[at], seq))
        else:
            owner.seqs[at] = seq
        if at == owner.at:
            owner.stolen[at] = min(owner.stolen[at] or seq, seq)
        thief = chance.one(self.thieves)
        body = keys.make(KIT.sha256(thief), [chance.one(self.thieves)], 1)
        self.write(owner.ids[at], seq, body)

    def lie(self):
        """Thieves say yes to themselves and no to owners, also by stolen keys."""
        claims = [fact for fact in self.log if fact[0] == "key" and fact[4].old is not None]
        if claims:
            _, ref, _, _, key = self.chance.one(claims)
            who = self.chance.one((key.old[0], self.chance.one(self.thieves)))
            if who in self.thieves:
                self.log.append(("mark", who, ref, YES))
            elif [one for one in self.owners if who in one.ids and one.stolen[one.ids.index(who)]]:
                self.log.append(("mark", who, ref, NO))


def state(facts, history):
    """All that follows, to be compared."""
    peers = history.thieves + [peer for owner in history.owners for peer in owner.ids]
    return [
        (facts.successor(one), facts.end(one), facts.now(one), facts.rivals(one), facts.line(one))
        for one in peers
    ]


def check_order(history, make):
    """However they come, and however often: the same."""
    first = state(known(history.log, make()), history)
    for _ in range(3):
        facts = history.chance.shuffled(history.log) + history.chance.some(history.log, 5)
        assert state(known(facts, make()), history) == first, "the order matters"


def check_oracle(history, full):
    """The rule says the same as when it is said plainly."""
    oracle = KeyOracle(KIT.sha256)
    for fact in history.log:
        oracle.take(fact)
    peers = history.thieves + [peer for owner in history.owners for peer in owner.ids]
    for one in peers:
        found = (full.successor(one), full.end(one))
        assert found == (oracle.successor(one) or (None, None)), "successor"
        assert full.now(one) == oracle.now(one), "now"
        for other in peers:
            assert full.same(one, other) == oracle.same(one, other), "same"


def lying(history, owner, at):
    """How many of the guardians that an owner named as `at` may say yes to anything: they lie, or
    their own guardians may put a thief in their place.
    """
    bad = set(history.liars)
    for _ in history.owners:
        for one in history.owners:
            for n, need in enumerate(one.need):
                if need and len([who for who in one.guardians[n] if who in bad]) >= need:
                    bad.add(one.ids[0])
    return len([one for one in owner.guardians[at] if one in bad])


def check_thieves(history, full):
    """A thief with today's key goes on for nobody, but by so many guardians that lie."""
    for owner in history.owners:
        for at, one in enumerate(owner.ids):
            found = full.chosen(one)
            if found is None or found.ref in owner.claims:
                continue
            liars = lying(history, owner, at)
            assert owner.guardians[at] and liars >= owner.need[at], "a thief rotated"
            if ("mark", one, found.ref, NO) in history.log:
                assert liars == len(owner.guardians[at]), "in spite of a no"
            assert not owner.committed[at] or found.seq >= owner.committed[at], "before all"


def check_owners(history, full):
    """What an owner committed to, before the key was stolen, nobody takes away. Gives how many
    go on.
    """
    found = 0
    for owner in history.owners:
        for ref, at in owner.claims.items():
            one = owner.ids[at]
            if owner.forks[at + 1] == 1 or 0 < owner.forks[at] <= owner.committed[at]:
                gone = full.chosen(one)
                assert gone is None or gone.ref != ref, "by a feed that counts for nothing"
                continue
            if lying(history, owner, at) < max(1, owner.need[at]):
                assert full.chosen(one) is not None, "an owner cannot go on"
                assert full.chosen(one).ref == ref, "not the owner"
                assert owner.ids[at + 1] == full.successor(one)
                found += 1
    return found


def check_knowledge(history, full, make):
    """Who has heard less of what guardians say claims no more."""
    some = [fact for fact in history.log if fact[0] != "mark" or fact[3] == NO]
    some += [f for f in history.log if f[0] == "mark" and f[3] == YES and history.chance.often(50)]
    view = known(some, make())
    for owner in history.owners:
        for one in owner.ids:
            sure = view.rivals(one) or [view.successor(one)]
            more = full.rivals(one) or [full.successor(one)]
            assert sure == [None] or set(sure) <= set(more), "claimed by who knows less"


def check(seed, make=lambda: Successions(KIT), oracle=True):
    """All of it. Gives how many owners went on, and how many are disputed."""
    history = History(seed)
    full = known(history.log, make())
    check_order(history, make)
    check_thieves(history, full)
    went_on = check_owners(history, full)
    check_knowledge(history, full, make)
    if oracle:
        check_oracle(history, full)
    disputes = [one for owner in history.owners for one in owner.ids if full.rivals(one)]
    return went_on, len(disputes)
