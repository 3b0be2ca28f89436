"""Rules of agreements with one part missing each: the simulator has to notice every one."""

from mesh.core.relations.agreements import Agreements
from mesh.core.relations.facts import votes
from mesh.core.relations.mark import NO, YES
from mesh.core.relations.promised import Every
from mesh.core.relations.weighing import Weighed
from mesh.lab.simulate import accord
from mesh.lab.simulate.pretend_relating import Relating


def silence_is_consent(patch):
    """Who did not say no counts as yes."""

    def voices(facts, ref):
        return ((1 << len(facts._ids)) - 1) & ~facts._said.get((ref, NO), 0)

    patch.setattr(Weighed, "_for", voices)


def no_lock(patch):
    """The honest say yes to a rival of what they accepted."""
    patch.setattr(Agreements, "accepted_rivals", lambda *_: [])


def doubles_count_nothing(patch):
    """Who lied has no voice, so that an agreement is undone by a lie."""
    voices = Weighed._for
    patch.setattr(Weighed, "_for", lambda facts, ref: voices(facts, ref) & ~facts.doubles())


def need_of_who_remains(patch):
    """More than half of those who have not left are enough."""

    def need(facts, version):
        return (len(facts.members(version)) - len(facts.left(version))) // 2 + 1

    patch.setattr(Weighed, "_need", need)


def old_rule_alone(patch):
    """Who changes members or rule has to ask the old members alone."""
    accepted = Weighed._accepted

    def by_old(facts, ref, pact):
        old = facts._seats(pact.within) if pact.within else None
        if old is None or facts._seats(ref) is None:
            return accepted(facts, ref, pact)
        enough = votes(facts._for(ref), old) >= facts._need(pact.within)
        return facts._holding[pact.within] and enough

    patch.setattr(Weighed, "_accepted", by_old)


def a_gap_means_missed(patch):
    """What was not heard of was not measured."""
    take = Every.take

    def blind(every, seq, *more):
        every._at = max(every._at, seq - 1) if seq > every._at else every._at
        take(every, seq, *more)

    patch.setattr(Every, "take", blind)


def whatever_is_in_force_acts(patch):
    """A peer acts by what its circle agreed on, whether it accepted that itself or not."""
    patch.setattr(Relating, "accepted", lambda *_: True)


def what_is_offered_is_not_accepted(patch):
    """Who offers something may accept a rival of it."""
    patch.setattr(Agreements, "_accepts", lambda facts, ref, who: who in facts.said(ref, YES))


def no_memory_of_own_words(patch):
    """Who lost its memory speaks at once."""
    patch.setattr(Relating, "recall", lambda part, _: setattr(part, "lost", False))


def own_words_have_no_room(patch):
    """A word about an agreement that is held may be one too many."""
    take = Agreements.mark

    def refuse(facts, author, mark):
        full = facts._caps is not None and len(facts._said) >= 12
        return not full and take(facts, author, mark)

    patch.setattr(Agreements, "mark", refuse)


# the mutant, the rule that is broken, a part of what is said of it, and a seed that showed it
MUTANTS = [
    (silence_is_consent, accord.VOICES, "are enough", 17),
    (no_lock, accord.NAMED, "is named, and did not lie", 17),
    (doubles_count_nothing, accord.GROWS, "takes back", 201),
    (need_of_who_remains, accord.VOICES, "are enough", 17),
    (old_rule_alone, accord.VOICES, "", 17),
    (a_gap_means_missed, accord.GAP, "missed what it did not", 60),
    (whatever_is_in_force_acts, accord.OWN, "did not accept", 17),
    (what_is_offered_is_not_accepted, accord.NAMED, "", 71),
    (no_memory_of_own_words, accord.NAMED, "is named, and did not lie", 11),
    (own_words_have_no_room, accord.NAMED, "is named, and did not lie", 110),
]
