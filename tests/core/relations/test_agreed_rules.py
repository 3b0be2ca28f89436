"""Rules by agreement, how often a peer measures by it, and what it tells of all of that."""

from affected import ACT, ANN, EVERY, FIRST, NEXT, OWN, WHEN, Object, act, when

from mesh.core.codec import cbor


def test_a_rule_runs_as_long_as_its_agreement():
    one = Object(WHEN)
    one.measure(31)
    one.agree(FIRST, when(28, True))
    assert one.fan is True, "what is measured already counts"
    one.end(FIRST)
    assert one.fan == 0, "put back"
    one.measure(32)
    assert one.fan == 0
    assert one.set == [True, 0]


def test_a_threshold_that_is_changed_by_agreement_acts():
    one = Object(WHEN)
    one.agree(FIRST, when(28, True, False))
    one.measure(27)
    assert one.fan is False
    one.now.pop(FIRST)
    one.agree(NEXT, when(26, True, False))
    assert one.fan is True
    one.measure(25)
    assert one.fan is False
    one.end(NEXT)
    assert one.fan == 0 and one.set == [False, True, False, 0]


def test_a_rule_out_of_bounds_or_about_what_is_not_here_does_nothing():
    one = Object(WHEN)
    one.measure(60)
    for n, term in enumerate(
        (
            when(36, True),
            when(25, 5),
            when(25, "on"),
            ["when", None, "temp", "above", 25, "pump", True, None],
        )
    ):
        one.agree(bytes([n]) * 32, term)
        assert one.set == []


def test_a_rule_by_another_peers_reading():
    one = Object(WHEN)
    one.agree(FIRST, when(28, True, peer=ANN))
    one.measure(35)
    assert one.set == []
    one.me.acting.judge(ANN, "temp", 29)
    one.run(0)
    assert one.fan is True


def test_the_own_rules_decide_where_both_want_something_and_afterwards():
    one = Object(WHEN, rules=[OWN])
    one.agree(FIRST, when(28, True))
    one.measure(45)
    assert one.fan == 9, "the holder's own rule counts after one reading"
    one.end(FIRST)
    assert one.fan == 9, "it is not put back to what was before"
    two = Object(WHEN, rules=[OWN])
    two.measure(41)
    two.agree(FIRST, when(28, True, False))
    assert two.fan is True
    two.end(FIRST)
    assert two.fan == 9
    two.measure(39)
    assert two.fan == 0


def test_a_loan_and_a_rule_of_agreements_go_together():
    one = Object(ACT, WHEN)
    one.agree(FIRST, when(28, True, False))
    one.measure(29)
    one.agree(NEXT, act(0, 10, 60))
    one.put(7)
    one.measure(27)
    assert one.fan == 7, "the rule waits until the loan is over"
    one.run(61_000)
    assert one.fan is False
    one.put(7)
    one.end(FIRST)
    assert one.fan == 7
    one.run(61_000)
    assert one.fan == 0, "what was there before both"


def test_how_often_it_measures_follows_the_shortest_and_goes_back():
    one = Object(EVERY)
    one.agree(FIRST, ["every", "temp", 10, 5])
    one.agree(NEXT, ["every", "temp", 6, 5])
    one.end(NEXT)
    one.agree(b"x" * 32, ["every", "temp", 4, 5], ["every", "damp", 9, 5])
    one.end(FIRST)
    assert one.paces == [{"temp": 10_000}, {"temp": 6000}, {"temp": 10_000}, {}]


def test_what_runs_is_told_at_peer():
    one = Object(ACT, EVERY, WHEN, share={"/actuators/led": "nobody"})
    assert "agreed" not in one.me.peer.more
    one.agree(FIRST, act(0, 10, 60), ["every", "temp", 10, 5], when(50, True))
    assert one.me.peer.more["agreed"] == [
        [FIRST, act(0, 10, 60), None],
        [FIRST, ["every", "temp", 10, 5], None],
    ]
    one.put(5)
    by, value, until = one.me.peer.more["agreed"][0][2]
    assert (by, value, until) == (ANN, 5, (one.world.now + 60_000) // 1000)
    one.run(61_000)
    assert one.me.peer.more["agreed"][0][2] is None
    one.end(FIRST)
    assert "agreed" not in one.me.peer.more


def test_what_is_told_has_a_bound_and_hides_what_is_not_shared():
    hidden = {"/actuators/fan": "nobody"}
    one = Object(ACT, dict(EVERY, who=["ann"]), share=hidden)
    one.agree(FIRST, act(0, 10, 60), ["every", "temp", 10, 5])
    assert [entry[1][0] for entry in one.me.peer.more["agreed"]] == ["every"]
    for n in range(30):
        one.agree(bytes([n]) * 32, ["every", "temp", 10, 5])
    told = one.me.peer.more["agreed"]
    assert len(cbor.encode(told)) <= 1030
    assert len(told) > 10
