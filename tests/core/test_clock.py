from mesh.core.clock import EARLIEST, NTP, PEERS, REFERENCE, Clock

NOON = 1_795_262_400_000  # Unix ms of some noon


def test_a_clock_that_was_never_told_knows_only_its_boot():
    assert Clock(7).stamp(1234) == [0, 7, 1234, None]


def test_time_goes_on_from_what_it_was_told():
    clock = Clock(1)
    assert clock.set(1000, NOON, NTP)
    assert clock.stamp(1000) == [2, 1, 1000, NOON]
    assert clock.stamp(61_000) == [2, 1, 61_000, NOON + 60_000]


def test_a_worse_source_changes_nothing_and_a_better_one_does():
    clock = Clock(1)
    clock.set(0, NOON, NTP)
    assert not clock.vote(0, [NOON + 99_000])
    assert clock.stamp(0) == [2, 1, 0, NOON]
    assert clock.set(0, NOON + 5, REFERENCE)
    assert clock.stamp(0) == [3, 1, 0, NOON + 5]


def test_the_median_of_peers_wins_over_a_liar():
    clock = Clock(1)
    assert clock.vote(0, [NOON, NOON + 10, NOON + 900_000_000])
    assert clock.stamp(0) == [PEERS, 1, 0, NOON + 10]


def test_of_two_that_disagree_the_earlier_is_taken():
    clock = Clock(1)
    clock.vote(0, [NOON + 50, NOON])
    assert clock.stamp(0)[3] == NOON


def test_nonsense_is_no_vote():
    clock = Clock(1)
    assert not clock.vote(0, [])
    assert not clock.vote(0, [0, -5, EARLIEST, 1 << 70])
    assert clock.stamp(5) == [0, 1, 5, None]


def test_a_new_vote_moves_the_clock_of_an_old_one():
    clock = Clock(1)
    clock.vote(0, [NOON])
    clock.vote(1000, [NOON + 1500])
    assert clock.stamp(1000)[3] == NOON + 1500
