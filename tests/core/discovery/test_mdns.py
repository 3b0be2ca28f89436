"""A peer announces itself and answers for itself on port 5353, on a pretend link."""

from helpers import raises
from link import (
    ME,
    STRANGER,
    TYPES,
    Link,
    address,
    alone,
    gaps,
    label,
    peer_id,
    question,
    records,
)

from mesh.core.discovery import dns
from mesh.core.discovery.dnssd import GROUP, SERVICE, host, instance
from mesh.core.errors import LocalError
from mesh.core.events import Announced, Withdrawn


def test_two_find_each_other():
    link = Link()
    for number in (1, 2):
        link.add(number).start(link.now)
    link.run(3000)
    for me, other in ((1, 2), (2, 1)):
        got = link.events[(address(me), 5353)]
        assert got == [Announced(peer_id(other), (address(other), 5683), "mdns")], got


def test_who_comes_late_is_found_and_finds():
    link = Link()
    link.add(1).start(link.now)
    link.run(100_000)
    link.add(2).start(link.now)
    link.run(2000)
    for me, other in ((1, 2), (2, 1)):
        got = link.events[(address(me), 5353)]
        assert got == [Announced(peer_id(other), (address(other), 5683), "mdns")], got


def test_the_first_minute_alone():
    link = Link()
    node = link.add(1)
    assert node.wake_at() is None, node.wake_at()
    node.start(link.now)
    link.run(60_000)
    said = [
        (ms, "response" if flags else "query", len(questions), len(found))
        for ms, _, (_, flags, questions, found) in link.sent()
    ]
    start = said[1][0]  # the first query comes 20 to 120 ms later
    assert 1020 <= start <= 1120, start
    assert said == [
        (1000, "response", 0, 5),
        (start, "query", 1, 1),
        (2000, "response", 0, 5),
        (start + 1000, "query", 1, 1),
        (start + 3000, "query", 1, 1),
        (start + 7000, "query", 1, 1),
        (start + 15_000, "query", 1, 1),
        (start + 31_000, "query", 1, 1),
    ], said


def test_what_is_announced():
    link = Link()
    link.add(1).start(link.now)
    link.run(0)
    _, target, (id, flags, questions, found) = link.sent()[0]
    assert (target, id, flags, questions) == (GROUP, 0, 0x8400, []), (target, id, flags, questions)
    assert found[0] == dns.Record(TYPES, dns.PTR, False, 4500, SERVICE), found
    assert found[1:] == records(1), found


def test_goodbye():
    link = Link()
    for number in (1, 2):
        link.add(number).start(link.now)
    link.run(10_000)
    node = link.peers[ME]
    node.stop(link.now)
    link.run(0)
    _, _, (_, _, _, found) = link.sent(ME)[-1]
    assert [(r.kind, r.ttl) for r in found] == [(12, 0), (33, 0), (16, 0), (1, 0)], found
    assert node.wake_at() is None, node.wake_at()
    other = (address(2), 5353)
    link.run(900)
    assert Withdrawn(peer_id(1)) not in link.events[other], link.events
    link.run(200)
    assert link.events[other][-1] == Withdrawn(peer_id(1)), link.events
    silent = len(link.sent(ME))
    link.hear(STRANGER, question((SERVICE, dns.PTR)))
    link.run(200_000)
    assert len(link.sent(ME)) == silent, "a stopped peer spoke"


def test_stop_and_start_again():
    link, node = alone()
    node.stop(link.now)
    link.run(3000)
    node.start(link.now)
    link.log = []
    link.run(3000)
    assert len(link.sent(response=True)) == 2, link.sent()


def test_shared_records_wait_and_unique_ones_do_not():
    for name, kind, least, most in (
        (SERVICE, dns.PTR, 20, 120),
        (TYPES, dns.PTR, 20, 120),
        (instance(label(1)), dns.SRV, 0, 0),
        (instance(label(1)).upper(), dns.ANY, 0, 0),
        (host(label(1)), dns.A, 0, 0),
    ):
        link, _ = alone()
        link.hear(STRANGER, question((name, kind)))
        link.run(500)
        (answer,) = link.sent(response=True)
        assert least <= answer[0] - 6000 <= most, (name, kind, answer)
        assert answer[1] == GROUP, answer
        assert len(answer[2][3]) == 5, answer


def test_what_is_not_ours_is_not_answered():
    link, _ = alone()
    for name, kind in (
        (SERVICE, dns.SRV),
        (host(label(1)), dns.AAAA),
        (host(label(2)), dns.A),
        (b"\x05_http\x04_tcp\x05local\0", dns.PTR),
        (b"\0", dns.ANY),
    ):
        link.hear(STRANGER, question((name, kind)))
    link.hear(STRANGER, question((SERVICE, dns.PTR), flags=0x0800))  # another opcode
    link.hear(STRANGER, question((SERVICE, dns.PTR), flags=3))
    link.run(2000)
    assert not link.sent(response=True), link.sent()


def test_within_a_second_a_record_is_not_repeated():
    link, _ = alone()
    for _ in range(50):
        link.hear(STRANGER, question((SERVICE, dns.PTR)))
        link.run(100)
    times = [ms for ms, _, _ in link.sent(response=True)]
    assert 4 <= len(times) <= 6, times
    assert min(gaps(times)) >= 1000, times


def test_known_answers_are_not_repeated():
    pointer = records(1)[0]
    for ttl, answers in ((4500, 0), (2250, 0), (2249, 1)):
        link, _ = alone()
        known = [dns.Record(SERVICE, dns.PTR, False, ttl, pointer.data)]
        link.hear(STRANGER, question((SERVICE, dns.PTR), known=known))
        link.run(500)
        assert len(link.sent(response=True)) == answers, (ttl, link.sent())


def test_unicast_where_it_is_asked_for():
    link, _ = alone()
    link.hear(STRANGER, question((SERVICE, dns.PTR), unicast=True, id=77))
    link.run(500)
    (answer,) = link.sent(response=True)
    assert 20 <= answer[0] - 6000 <= 120, answer
    assert answer[1] == STRANGER, answer
    assert answer[2] == (0, 0x8400, [], records(1)), answer
    link.run(40_000)  # a quarter of the time to live of SRV is over: all should hear it again
    link.log = []
    link.hear(STRANGER, question((instance(label(1)), dns.SRV), unicast=True))
    link.run(500)
    assert link.sent(response=True)[0][1] == GROUP, link.sent()


def test_legacy_queries():
    link, _ = alone()
    asker = ("10.0.0.7", 40_000)
    name = SERVICE.upper()
    link.hear(asker, question((name, dns.PTR), id=0xABCD))
    link.run(500)
    (answer,) = link.sent(response=True)
    assert answer[1] == asker, answer
    id, flags, questions, found = answer[2]
    assert (id, flags, questions) == (0xABCD, 0x8400, [(name, dns.PTR, False)]), answer
    assert [r.kind for r in found] == [12, 33, 16, 1], found
    assert not [r for r in found if r.flush or r.ttl > 10], found
    counts = link.log[-1][3][4:12]
    assert counts == b"\0\1\0\1\0\0\0\3", counts


def test_own_echo_is_noticed():
    link = Link()
    node = link.add(1)
    link.mute.add(ME)
    node.start(link.now)
    link.run(100_000)
    assert node.last_echo_ms is None, node.last_echo_ms
    link.mute.clear()
    link.run(100_000)
    assert link.now - node.last_echo_ms <= 60_000, node.last_echo_ms
    link.log = []
    node.announce(link.now)
    link.run(2000)
    assert len(link.sent(response=True)) == 2, link.sent()


def test_the_queries_of_a_twin_are_no_echo():
    link = Link()
    first, second = link.add(1), link.add(2)
    link.mute |= {ME, (address(2), 5353)}
    first.start(link.now)
    second.start(link.now)
    link.run(2000)
    for _, source, _, data in link.log:
        node = second if source == ME else first
        node.receive(link.now, source, data)
    assert first.last_echo_ms is None, first.last_echo_ms
    assert second.last_echo_ms is None, second.last_echo_ms


def test_other_addresses_of_our_own():
    link, node = alone()
    node.set_addresses(link.now, ["10.1.1.1", "2001:db8::1"])
    link.run(2000)
    answers = link.sent(response=True)
    assert len(answers) == 2, answers
    assert [dns.host_text(r.data) for r in answers[0][2][3][4:]] == ["10.1.1.1", "2001:db8::1"]
    raises(LocalError, node.set_addresses, link.now, ["localhost"])
    quiet = Link().add(3)
    quiet.set_addresses(5, ["10.1.1.1"])
    assert quiet.wake_at() is None, quiet.wake_at()
    assert quiet.next_send() is None, "spoke before its start"


def test_early_ticks_do_nothing():
    link, node = alone()
    for _ in range(100):
        node.tick(link.now)
    assert node.next_send() is None, "spoke too early"
