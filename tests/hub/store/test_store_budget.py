"""What strangers may have of a store, and who goes when it is too much."""

import pytest
from crowds import TELLERS, Clock, budget, hosts, refusal, taken, who

from mesh.core import peer_id
from mesh.core.errors import RemoteError
from mesh.core.policy.settings import parse
from mesh.hub.store import crowd
from mesh.hub.store.crowd import CHOSEN, MET, ONE, SEVERAL
from mesh.hub.store.flow import BURST_S
from mesh.hub.store.quota import AGAIN_S, MOST_OF_HOST


def test_of_authors_whom_nobody_knows_only_so_many_are_taken():
    some = budget()
    assert [taken(some, who(n)) for n in range(30)] == [True] * 20 + [False] * 10
    assert some.surplus() == []
    assert some.sums()[0] == 20


def test_who_is_met_or_chosen_is_taken_whatever_the_crowd_does():
    friend, board = who(1000), who(1001)
    some = budget({friend})
    for n in range(60):
        taken(some, who(n))
    assert taken(some, friend)
    assert not taken(some, board)
    assert some.meet(board, "192.0.2.1")
    assert taken(some, board)
    assert (some.standing(friend), some.standing(board)) == (CHOSEN, MET)
    for n in range(60, 120):
        taken(some, who(n), cost=900_000)
        gone = some.surplus()
        assert friend not in gone
        assert board not in gone
    assert some.sums()[0] <= 20


def test_who_was_told_of_by_several_goes_after_who_was_told_of_by_one():
    some = budget()
    hosts(some, TELLERS)
    for n in range(20):
        assert taken(some, who(n), TELLERS[0])
    assert not taken(some, who(50), TELLERS[0]), "the same one told of 20 already"
    assert taken(some, who(50), TELLERS[1])
    assert some.standing(who(50)) == SEVERAL
    (gone,) = some.surplus()
    assert gone == who(19), "the newest of those of whom one told"
    assert taken(some, who(3), TELLERS[2])
    assert some.standing(who(3)) == SEVERAL


def test_one_teller_cannot_fill_the_table_for_others():
    some = budget()
    hosts(some, TELLERS)
    for n in range(20):
        assert taken(some, who(n), TELLERS[0])
    for n in range(20, 30):
        assert taken(some, who(n), TELLERS[1]), n
        assert len(some.surplus()) == 1
    assert not taken(some, who(40), TELLERS[1])
    left = [n for n in range(40) if who(n) in some._strangers]
    assert left == [*range(10), *range(20, 30)]


def test_keys_that_nobody_knows_count_as_one_teller():
    some = budget()
    assert [taken(some, who(n), who(500 + n)) for n in range(22)].count(True) == 20
    assert not taken(some, who(5000), who(6000))
    assert not taken(some, who(5000), who(6001))
    assert some.standing(who(5000)) == ONE


def test_the_most_costly_stranger_goes_first_and_none_has_all_of_it():
    some = budget()
    some.spent(who(1), 124_000, 0)
    with pytest.raises(RemoteError) as refused:
        some.admit(who(1), 2000, None, asked=False)
    assert refused.value.code == 0x8D, "4.13: an eighth is all that one may have"
    for n in range(2, 9):
        some.spent(who(n), 124_000, 0)
    some.spent(who(9), 140_000, 0)
    assert some.surplus() == [who(9)]
    assert not taken(some, who(9)) or some.sums()[1] < 1_000_000


def test_who_was_refused_is_not_asked_for_again_for_a_while():
    clock = Clock()
    some = budget(clock=clock)
    for n in range(21):
        taken(some, who(n))
    assert some.wanted(who(0))
    assert not some.wanted(who(20))
    clock.now += AGAIN_S
    assert some.wanted(who(20))


def test_a_crowd_at_one_address_is_not_met():
    some = budget(peers=1024)
    met = [some.meet(who(n), "192.0.2.9") for n in range(MOST_OF_HOST + 50)]
    assert met.count(True) == MOST_OF_HOST
    assert some.meet(who(9999), "192.0.2.10")
    for n in range(10_000):
        some.meet(who(20_000 + n), f"2001:db8::{n:x}")
    assert len(some._met) <= 4 * 1024


def test_what_is_handed_over_has_a_rate_and_each_whom_we_met_its_own():
    clock = Clock()
    some = budget({who(7)}, clock=clock, strange_kb_s=1, strange_mb=500)
    some.meet(TELLERS[0], "192.0.2.1")
    some.meet(TELLERS[1], "192.0.2.2")

    def handed(teller, count):
        for n in range(count):
            author = TELLERS[0] if teller else who(n + 100)
            why = refusal(some, author, 1000, teller, asked=False)
            if why is not None:
                assert why.code == 0x9D, "4.29"
                return n
        return count

    assert handed(None, 100) == BURST_S
    assert handed(who(55), 100) == 0, "whoever nobody knows: all keys together"
    assert handed(TELLERS[0], 1000) == BURST_S * 16
    assert handed(TELLERS[1], 1000) == BURST_S * 16, "its own"
    assert handed(TELLERS[0], 1) == 0
    some.admit(who(7), 1000, None, asked=False)  # chosen: whoever hands it over
    clock.now += 3
    assert handed(None, 100) == 3


def test_what_a_budget_remembers_is_bounded():
    clock = Clock()
    some = budget(clock=clock, peers=8)
    for n in range(20_000):
        teller = who(100_000 + n)
        some.meet(teller, f"h{n}")
        for asked in (True, False):
            try:
                some.admit(who(n), 10, teller, asked=asked)
            except RemoteError:
                continue
    assert len(some._met) <= 32
    assert len(some._told) <= 8
    assert max(len(some._refused), len(some._let_in)) <= 4096
    assert len(some._hosts) <= 33
    assert not some._strangers, "who was let in counts once it was written"


def test_whom_the_settings_name_is_chosen():
    text = [peer_id.to_text(who(n)) for n in range(6)]
    profile = parse(
        {
            "names": {"ann": text[0]},
            "follow": [text[1]],
            "keep": [{"who": [text[2]]}, {"who": "*"}],
            "introduced_by": text[3],
            "peers": [{"address": "192.0.2.1", "id": text[4]}],
            "updates": [text[5]],
        },
        "desktop",
    )
    assert crowd.chosen(profile) == {who(n) for n in range(6)}
    assert crowd.chosen(parse({"follow": "*"}, "desktop")) == set()
