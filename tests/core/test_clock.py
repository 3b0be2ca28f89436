from world import World

from mesh.core.clock import EARLIEST, MOST_VOTES, NTP, PEERS, REFERENCE, VOTE_MS, Clock
from mesh.core.full.content import content
from mesh.core.peer_id import to_text

NOON = 1_795_262_400_000  # Unix ms of some noon
YEARS = 6 * 365 * 86_400_000
HOUR = 3_600_000


def told(now_ms, unix_ms, quality=NTP):
    return [quality, 1, now_ms, unix_ms]


def votes(clock, now_ms, *offsets, quality=NTP):
    """Each of several peers tells a time, so many ms wrong; whether the last word was followed."""
    followed = False
    for n, wrong in enumerate(offsets):
        followed = clock.vote(now_ms, b"%d" % n, told(now_ms, NOON + now_ms + wrong, quality))
    return followed


def wrong_by(clock, now_ms):
    unix_ms = clock.stamp(now_ms)[3]
    return None if unix_ms is None else unix_ms - NOON - now_ms


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
    assert not votes(clock, 0, 99_000)
    assert clock.stamp(0) == [2, 1, 0, NOON]
    assert clock.set(0, NOON + 5, REFERENCE)
    assert clock.stamp(0) == [3, 1, 0, NOON + 5]


def test_the_median_of_peers_wins_over_a_liar():
    for lie in (-YEARS, -HOUR, 900_000_000):
        clock = Clock(1)
        assert votes(clock, 0, lie, 0, 10)
        assert clock.quality == PEERS and wrong_by(clock, 0) in (0, 10)


def test_less_than_half_of_the_voters_move_nothing_whatever_they_say():
    """Not alone, not together, not as if they had a better clock, and not little by little."""
    for count in (3, 5, 8, 15):
        for lie, quality in ((-YEARS, NTP), (YEARS, REFERENCE), (-3000, REFERENCE), (3000, NTP)):
            clock = Clock(1)
            for now_ms in range(0, HOUR, 60_000):
                votes(clock, now_ms, *[n * 10 for n in range(count)])
                for n in range((count - 1) // 2):
                    word = told(now_ms, NOON + now_ms + lie * (1 + now_ms // 60_000), quality)
                    clock.vote(now_ms, b"%d" % n, word)
                # while they lie by less than what counts as the same, they may do so
                assert abs(wrong_by(clock, now_ms)) <= 4000 + 10 * count, (count, lie, now_ms)


def test_of_two_that_nearly_agree_the_earlier_is_taken():
    clock = Clock(1)
    votes(clock, 0, 50, 0)
    assert clock.stamp(0)[3] == NOON


def test_a_clock_in_doubt_says_so_and_keeps_its_time():
    clock = Clock(1)
    assert clock.vote(0, b"0", told(0, NOON)) and not clock.doubt
    assert not clock.vote(1000, b"1", told(1000, NOON + 1000 - YEARS))
    assert (clock.doubt, wrong_by(clock, 1000)) == (2, 0)
    assert clock.vote(2000, b"2", told(2000, NOON + 2000)) and not clock.doubt
    lost = Clock(1)
    assert votes(lost, 0, 0, 10) and not votes(lost, 0, -YEARS, -HOUR, 10)
    assert lost.doubt == 3


def test_nonsense_is_no_vote():
    clock = Clock(1)
    for unix_ms in (0, EARLIEST, None, 1 << 50):
        assert not clock.vote(0, b"0", told(0, unix_ms))
    assert not clock.vote(0, b"0", told(0, NOON, 0))
    assert clock.stamp(5) == [0, 1, 5, None]


def test_a_new_vote_moves_the_clock_of_an_old_one_a_little():
    clock = Clock(1)
    votes(clock, 0, 0)
    assert votes(clock, 1000, 500)
    assert clock.stamp(1000)[3] == NOON + 1500


def test_a_held_time_moves_by_bounded_steps():
    """One voter is all that there is, and its clock jumps: not at once, but in the end."""
    clock = Clock(1)
    for now_ms in range(0, HOUR, 20_000):
        votes(clock, now_ms, 0)
    moved = []
    for now_ms in range(HOUR, 40 * HOUR, 20_000):
        if votes(clock, now_ms, -YEARS):
            moved.append((now_ms - HOUR) // HOUR)
            break
        assert clock.doubt == 1 and wrong_by(clock, now_ms) == 0
    assert moved and 3 < moved[0] < 12, moved


def test_the_longer_nobody_told_the_time_the_further_it_may_be_off():
    for quiet_ms, wrong in ((60_000, 4000), (HOUR, 60_000), (24 * HOUR, HOUR)):
        clock = Clock(1)
        votes(clock, 0, 0)
        assert votes(clock, quiet_ms, wrong), (quiet_ms, wrong)
        assert wrong_by(clock, quiet_ms) == wrong


def test_a_vote_expires():
    clock = Clock(1)
    votes(clock, 0, 0, 0, 0)
    assert votes(clock, VOTE_MS + 1, 2000), "of four votes three are old"


def test_who_has_the_time_from_others_gives_it_to_who_has_none_and_to_nobody_else():
    """Else two would tell each other what both have from each other."""
    clock = Clock(1)
    assert votes(clock, 0, 700, quality=PEERS)
    assert not votes(clock, 20_000, 800, 900, quality=PEERS)
    assert wrong_by(clock, 20_000) == 700
    assert clock.vote(20_000, b"9", told(20_000, NOON + 20_000 + HOUR)), "it has it from a source"
    assert wrong_by(clock, 20_000) == HOUR


def test_an_own_clock_that_nobody_sets_right_gives_way_to_votes():
    clock = Clock(1)
    assert clock.set(0, NOON - YEARS, PEERS)
    assert votes(clock, 0, 0) and wrong_by(clock, 0) == 0
    assert not clock.set(60_000, NOON + 60_000 - YEARS, PEERS) and wrong_by(clock, 60_000) == 0
    assert clock.set(60_000, NOON + 60_000, NTP) and clock.quality == NTP, "now it is set right"
    assert clock.set(70_000, NOON + 70_000, PEERS) and clock.quality == PEERS, "no longer"
    assert clock.stamp(70_000 + 2 * VOTE_MS)[0] == PEERS


def test_only_so_many_votes_are_kept():
    clock = Clock(1)
    for n in range(40):
        clock.vote(n, b"%d" % n, told(n, NOON + n))
    assert len(clock._votes) == MOST_VOTES


# whole peers


def lying(world, number, wrong):
    """A peer that says it has a reference, so many ms wrong."""
    node, address = world.add(number)
    node.clock.set(world.now, NOON + world.now + wrong, REFERENCE)
    node.start(world.now, True)
    return node, address


def off(world, node):
    unix_ms = node.clock.stamp(world.now)[3]
    return None if unix_ms is None else unix_ms - NOON - world.now


def test_strangers_set_no_clock():
    for liars in (1, 2, 5):
        world = World()
        boards = [world.add(n, {"follow": "*", "keep": [{}]})[0] for n in (1, 2, 3)]
        for board in boards:
            board.start(world.now, True)
        for n in range(liars):
            lying(world, 50 + n, -YEARS)
        world.run(300_000)
        assert boards[0].contacts.proven(), "they met"
        assert [off(world, board) for board in boards] == [None] * 3


def test_a_stranger_does_not_move_who_has_the_time():
    world = World()
    holder, _ = world.add(9)
    holder.clock.set(world.now, NOON + world.now, NTP)
    boards = [world.add(n, {"introduced_by": to_text(holder.peer.id)})[0] for n in (1, 2)]
    holder.start(world.now, True)
    for board in boards:
        board.start(world.now, True)
    for n in range(4):
        lying(world, 50 + n, -YEARS)
    world.run(600_000)
    for board in boards:
        assert board.clock.quality == PEERS and abs(off(world, board)) < 1000, off(world, board)
        assert "clock_doubt" not in content(board.peer, world.now, "peer")


def test_a_fresh_board_has_the_time_as_soon_as_it_meets_who_introduced_it():
    world = World()
    holder, _ = world.add(9)
    holder.clock.set(world.now, NOON + world.now, NTP)
    board, _ = world.add(1, {"introduced_by": to_text(holder.peer.id)})
    holder.start(world.now, True)
    board.start(world.now, True)
    assert world.run(2000, lambda: board.clock.quality == PEERS)


def test_whose_vote_counts():
    for n, settings in enumerate(
        ("introduced_by", "follow", "keep", "peers with an id", "peers without")
    ):
        world = World()
        other, address = world.add(9)
        who = to_text(other.peer.id)
        place = f"{address[0]}:{address[1]}"
        chosen = (
            {"introduced_by": who},
            {"follow": [who]},
            {"keep": [{"who": [who]}]},
            {"peers": [{"id": who, "address": place}]},
            {"peers": [{"address": place}]},
        )[n]
        board, _ = world.add(1, chosen)
        other.clock.set(world.now, NOON + world.now, NTP)
        other.start(world.now, True)
        board.start(world.now, True)
        world.run(10_000)
        assert off(world, board) is not None, settings


def test_one_of_two_chosen_peers_lies_and_the_board_says_that_it_cannot_tell():
    world = World()
    honest, _ = world.add(9)
    honest.clock.set(world.now, NOON + world.now, NTP)
    honest.start(world.now, True)
    liar, _ = lying(world, 50, -YEARS)
    board, _ = world.add(1, {"follow": [to_text(liar.peer.id), to_text(honest.peer.id)]})
    board.start(world.now, True)
    world.run(60_000)
    about = content(board.peer, world.now, "peer")
    assert about["clock_doubt"] == 2
    assert about["clock"][0] < NTP
