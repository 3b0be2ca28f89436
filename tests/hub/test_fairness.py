"""Shares of the event loop's time, with a clock of the test's own: who waits for whom."""

import pytest

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.message import Message
from mesh.core.discovery.contact import Contact
from mesh.hub import fairness
from mesh.hub.driver import is_request
from mesh.hub.fairness import CHOSEN, MET, STRANGE, Fairness, User, network, stranger

COST_S = 0.001  # of one message
WARM_S, SECONDS = 3.0, 10.0
FRIEND, PEER, OTHER = (bytes([n]) * 32 for n in (1, 2, 3))


class Loop:
    """An event loop whose users ask as fast as they can, in turn, as long as anybody is served."""

    def __init__(self):
        self.now = 10.0
        self.fair = Fairness({FRIEND}, lambda: self.now)

    def served(self, wishes):
        """{user: how much of the time it had} where each wants a part of it, or all it can get."""
        self._go_on(wishes, WARM_S)
        return self._go_on(wishes, SECONDS)

    def _go_on(self, wishes, seconds):
        had, start = dict.fromkeys(wishes, 0.0), self.now
        while self.now < start + seconds:
            before = self.now
            for user, (wants, fails) in wishes.items():
                due = had[user] < wants * (self.now - start) + COST_S
                if due and not self.fair.wait_s(user):
                    self.now += COST_S
                    had[user] += COST_S
                    self.fair.charge(user, COST_S, failed=fails)
            if self.now == before:
                self.now += COST_S
        return {user: part / seconds for user, part in had.items()}


def all_of_it(*users, fails=False):
    return dict.fromkeys(users, (1.0, fails))


def peer(loop, id, host="192.0.2.1"):
    return loop.fair.peer(id, host)


def test_a_user_alone_has_all_the_time():
    for id in (FRIEND, PEER):
        loop = Loop()
        one = peer(loop, id)
        assert loop.served(all_of_it(one))[one] > 0.99


def test_a_stranger_alone_has_a_third():
    loop = Loop()
    one = stranger("192.0.2.7")
    assert 0.2 < loop.served(all_of_it(one))[one] < 0.35


@pytest.mark.parametrize("greedy", ["met", "stranger", "same host", "many ports", "many hosts"])
def test_whom_a_person_chose_keeps_four_fifths_whoever_else_wants_all(greedy):
    loop = Loop()
    friend = peer(loop, FRIEND)
    others = {
        "met": [peer(loop, PEER, "192.0.2.2")],
        "stranger": [stranger("192.0.2.2")],
        "same host": [peer(loop, PEER, "192.0.2.1")],
        "many ports": [peer(loop, bytes([n]) * 32, "192.0.2.2") for n in range(9, 40)],
        "many hosts": [stranger(f"192.0.2.{n}") for n in range(9, 60)],
    }[greedy]
    assert loop.served(all_of_it(friend, *others))[friend] > 0.8


def test_who_was_met_keeps_four_fifths_whatever_strangers_want():
    loop = Loop()
    met = peer(loop, PEER)
    some = [stranger(f"192.0.2.{n}") for n in (1, 5, 6, 7, 8)]
    assert loop.served(all_of_it(met, *some))[met] > 0.8


def test_who_was_only_met_and_wants_little_gets_it_beside_one_who_wants_all():
    loop = Loop()
    modest, greedy = peer(loop, PEER), peer(loop, OTHER, "192.0.2.2")
    had = loop.served({modest: (0.05, False), greedy: (1.0, False)})
    assert had[modest] > 0.049
    assert had[greedy] > 0.75, "what nobody else wants"


def test_those_who_are_known_as_well_share_alike():
    loop = Loop()
    two = [peer(loop, PEER), peer(loop, OTHER, "192.0.2.2")]
    had = loop.served(all_of_it(*two))
    assert all(0.35 < had[one] < 0.6 for one in two), had


def test_many_ids_at_one_host_have_together_what_one_host_has():
    loop = Loop()
    honest = peer(loop, PEER)
    crowd = [peer(loop, bytes([n]) * 32, "192.0.2.2") for n in range(20, 60)]
    had = loop.served(all_of_it(honest, *crowd))
    assert had[honest] > 0.35, had[honest]


def test_checks_that_fail_cost_more_and_nobody_whose_address_they_name():
    loop = Loop()
    met = peer(loop, PEER, "192.0.2.2")
    wrong = loop.served(all_of_it(met, fails=True))[met]
    assert loop.fair._kinds[MET].part(loop.now) < 0.01
    assert loop.fair._kinds[STRANGE].part(loop.now) > 0.5
    assert wrong > 0.9, "the peer itself is not kept waiting for what names its address"
    forger = stranger("192.0.2.3")
    loop = Loop()
    assert loop.served(all_of_it(forger, fails=True))[forger] < 0.12


def test_accounts_decay_soon():
    loop = Loop()
    friend, greedy = peer(loop, FRIEND), peer(loop, PEER, "192.0.2.2")
    loop.served(all_of_it(friend, greedy))
    assert loop.fair.wait_s(greedy) > 0
    loop.now += 2.0
    assert loop.fair.wait_s(greedy) == 0


def test_accounts_are_bounded_and_the_largest_stay():
    loop = Loop()
    greedy = stranger("192.0.2.1")
    for n in range(20_000):
        loop.fair.charge(stranger(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"), 0.0001)
        if n % 100 == 0:
            loop.now += 0.001
            loop.fair.charge(greedy, 0.01)
    assert len(loop.fair._accounts) <= fairness.MOST
    assert loop.fair._used(STRANGE, greedy.key, loop.now) > 0.1


def test_hosts_are_told_apart():
    assert network("192.0.2.1") == "192.0.2.1"
    assert network("2001:db8:1:2:3:4:5:6") == network("2001:db8:1:2::9") == "2001:db8:1:2::"
    assert network("fe80::1%eth0") == "fe80::"
    assert network("::ffff:192.0.2.1") == "192.0.2.1"
    assert network("no:address") == "no:address"


def test_who_answered_is_known_at_its_address():
    loop = Loop()
    contact = Contact(PEER, 0)
    contact.address = ("192.0.2.1", 5683)
    unknown = Contact(OTHER, 0)
    chosen = Contact(FRIEND, 0)
    chosen.address = ("fe80::1%2", 1)
    loop.fair.know([contact, unknown, chosen])
    assert loop.fair.at(("192.0.2.1", 5683)) == User(PEER, "192.0.2.1", MET)
    assert loop.fair.at(("192.0.2.1", 5684)).rank is STRANGE
    assert loop.fair.at(("fe80::1%2", 1)).rank is CHOSEN


def test_what_answers_us_never_waits():
    assert is_request(coap.build(Message(coap.GET, b"", coap.CON, 1, b"")))
    assert is_request(coap.build(Message(coap.FETCH, b"", coap.NON, 1, b"abcd")))
    assert not is_request(coap.build(Message(codes.CONTENT, b"x", coap.ACK, 1, b"abcd")))
    assert not is_request(b"\x60\0\0\1")
    assert not is_request(b"")
