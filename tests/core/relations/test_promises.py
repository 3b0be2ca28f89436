"""The promise `every`: kept, missed with its proof, unknown; and what a gap says: nothing."""

from agreement_histories import Chance

from mesh.core.relations import promised
from mesh.core.relations.clocks import between
from mesh.core.relations.promised import GRACE_MS, Every

MINUTE = 60_000


def clock(ms, boots=1, quality=0, unix=None):
    return [quality, boots, ms, unix]


def fed(entries, seconds=60, slack=10):
    """After a promise, entry 1: entries of (seq, clock, whether it has a reading, sleep)."""
    every = Every(seconds, slack, 1)
    for entry in entries:
        every.take(*entry)
    return every


def result(every):
    return every.kept, every.missed, every.unknown


def test_what_is_in_time_is_kept_and_what_is_late_is_missed():
    times = (0, 60_000, 126_000, 192_001, 192_002)
    every = fed([(2 + n, clock(ms), True) for n, ms in enumerate(times)])
    assert result(every) == (3, 1, 0)
    assert every.proof == (4, 5, 66_001)
    assert every.last[0] == 6


def test_other_entries_between_are_no_gap():
    every = fed([(2, clock(0), True), (3, clock(9), False), (4, clock(MINUTE), True)])
    assert result(every) == (1, 0, 0)


def test_a_gap_is_unknown():
    every = fed(
        [(2, clock(0), True), (4, clock(99 * MINUTE), True), (5, clock(100 * MINUTE), True)]
    )
    assert result(every) == (1, 0, 1)
    assert every.proof is None


def test_what_was_before_the_promise_counts_for_nothing():
    every = Every(60, 0, 5)
    for seq, ms in ((4, 0), (5, 1), (6, 99 * MINUTE), (7, 100 * MINUTE), (7, 200 * MINUTE)):
        every.take(seq, clock(ms), True)
    assert result(every) == (1, 0, 0)


def test_what_an_author_sleeps_is_no_miss():
    entries = [(2, clock(0), True), (3, clock(5), False, 600), (4, clock(11 * MINUTE), True)]
    assert result(fed(entries)) == (1, 0, 0)
    later = [(4, clock(12 * MINUTE), True), (5, clock(24 * MINUTE), True)]
    late = entries[:2] + later
    assert result(fed(late)) == (0, 2, 0), "and it sleeps once"


def test_after_a_start_the_time_counts_if_it_has_a_source():
    unix = 1_790_000_000_000
    first = clock(5, 1, 2, unix)
    for second, expected in (
        (clock(1, 2, 1, unix + MINUTE), (1, 0, 0)),
        (clock(1, 2, 2, unix + 2 * MINUTE), (0, 1, 0)),
        (clock(1, 2, 0, None), (0, 0, 1)),
        (clock(1, 2, 1, unix - 1), (0, 0, 1)),
    ):
        assert result(fed([(2, first, True), (3, second, True)])) == expected, second
    assert between(clock(9), clock(3)) is None, "a clock that went back"


def test_overdue_is_by_the_clock_of_who_looks():
    every = fed([(2, clock(0), True)])
    assert every.due_ms(1000) == 1000 + 66_000 + GRACE_MS
    every.take(3, clock(1), False, 600)
    assert every.due_ms(1000) == 1000 + 66_000 + 660_000 + GRACE_MS


def feed_of(chance):
    """A feed of an author that is late now and then, sleeps, and starts anew."""
    entries, ms, boots, unix = [], 0, 1, 1_790_000_000_000
    for seq in range(2, 60):
        step = chance.below(80_000)
        ms, unix = ms + step, unix + step
        if chance.often(5):
            boots, ms = boots + 1, 0
        sleep = chance.below(120) if chance.often(10) else 0
        quality = chance.below(2)
        stamp = clock(ms, boots, quality, unix if quality else None)
        entries.append((seq, stamp, chance.often(70) and not sleep, sleep))
    return entries


def misses(entries, make=Every):
    """Each miss that who holds these entries claims, by its proof."""
    every, found = make(60, 10, 1), []
    for entry in entries:
        every.take(*entry)
        if every.proof and every.proof not in found:
            found.append(every.proof)
    return found


def overstated(make=Every):
    """In how many feeds who holds a part claims a miss that who holds all does not."""
    found = claimed = 0
    for seed in range(60):
        chance = Chance(seed)
        entries = feed_of(chance)
        part = [entry for entry in entries if chance.often(90)]
        few = misses(part, make)
        claimed += len(few)
        found += bool([one for one in few if one not in misses(entries)])
    assert claimed > 20
    return found


class GapIsMissed(Every):
    """What is not held counts as if it was not there."""

    def _judge(self, last, seq, stamp):
        self._gap = False
        Every._judge(self, last, seq, stamp)


def test_who_holds_less_claims_no_more():
    assert overstated() == 0


def test_a_gap_that_means_missed_is_noticed():
    assert overstated(GapIsMissed) > 0


def test_it_takes_as_much_whatever_the_length_of_a_feed():
    every = fed([(n + 2, clock(n * MINUTE), True) for n in range(500)])
    assert result(every) == (499, 0, 0)
    kept = [value for value in every.__dict__.values() if isinstance(value, (list, dict))]
    assert not kept and promised.GRACE_MS == GRACE_MS
