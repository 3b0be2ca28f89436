"""Nobody is made to hit others: what comes to a host that has no part in an attack is counted."""

import pytest
from honest import Honest
from stranger import Attack

HELLOS, HELLO_BYTES = 24, 4096  # that a host gets in its first minute, and as much in all others
QUICK = {"sensors": {"uptime": {"every_s": 0.3}}}
FOLLOWS = {"follow": "*", "keep": [{}]}


def attacked(victim, name, what, count, seen):
    honest = Honest(victim)
    with honest.asking():
        attack = Attack(name, victim, count)
        attack.finish()
        assert victim.is_running, victim.lines[-30:]
        honest.goes_on()
    told = attack.told
    seen(
        f"{what}: {told['datagrams']} of {told['bytes']:,} bytes came there",
        victim.kind,
        sent=attack.sent,
        told_kib=victim.told_kib,
        honest=honest.counts,
        ends=0,
    )
    assert told["datagrams"], "it was never hit: that was no such attack"
    return told


@pytest.fixture(params=["desktop", "board"])
def victim(request):
    """Each kind of peer, with a sensor that often has news."""
    return request.getfixturevalue(request.param)(**FOLLOWS, **QUICK)


def test_a_host_that_liars_list_with_many_ports(victim, seen, times):
    turns = times(200, 6000)
    told = attacked(victim, "listing_liars", "liars list a host with 240 ports", turns, seen)
    assert told["asked"] == 6
    assert told["datagrams"] <= 2 * HELLOS, told
    assert told["bytes"] <= 2 * HELLO_BYTES, told


def test_a_host_whose_address_is_forged(victim, seen, times):
    count = times(400, 4000)
    told = attacked(victim, "forged_sources", "questions with a forged source", count, seen)
    assert told["bytes"] <= 3 * told["forged"] + HELLO_BYTES, told
