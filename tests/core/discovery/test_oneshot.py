"""One-shot queries, for boards whose firmware holds port 5353."""

from link import STRANGER, Link, address, counting, gaps, label, peer_id, records

from mesh.core.discovery import dns
from mesh.core.discovery.dnssd import OneShot, host, instance, is_dns
from mesh.core.events import Announced
from mesh.core.limits import Limits

ASKER = ("10.0.0.50", 5683)


def with_asker():
    link = Link()
    for number in (1, 2):
        link.add(number).start(link.now)
    link.run(3000)
    asker = link.place(ASKER, OneShot(Limits(), counting(50), peer_id(50)))
    return link, asker


def test_one_shot_queries_find_all():
    link, asker = with_asker()
    asker.start(link.now)
    link.run(500)
    told = [Announced(peer_id(n), (address(n), 5683), "query") for n in (1, 2)]
    assert sorted(link.events[ASKER]) == sorted(told), link.events[ASKER]


def test_one_shot_queries_become_rare():
    link, asker = with_asker()
    asker.start(link.now)
    start = link.now
    link.run(200_000)
    times = [ms - start for ms, _, _ in link.sent(ASKER)]
    doubling = [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]
    assert gaps(times) == doubling, times
    assert len(asker._found) <= 2, asker._found


def test_one_shot_queries_are_no_coap():
    link, asker = with_asker()
    asker.start(link.now)
    link.run(300_000)
    ids = [m[0] for _, _, m in link.sent(ASKER)]
    assert len(set(ids)) == len(ids), ids
    for _, by, target, data in link.log:
        if ASKER in (by, target):
            assert is_dns(data), data[:2]
    for first in range(256):
        assert is_dns(bytes([first])) == (first < 64 or first > 127), first
    assert not is_dns(b""), "nothing is not DNS"


def test_one_shot_only_takes_answers_to_its_questions():
    link, asker = with_asker()
    asker.start(link.now)
    asker.tick(link.now + 200)
    id = dns.parse(asker.next_send()[1])[0]
    for wrong in (id ^ 1, 0):
        asker.receive(link.now, STRANGER, dns.build(wrong, 0x8400, [], records(3)))
        assert not asker._found, asker._found
    asker.receive(link.now, ("10.0.9.9", 1), dns.build(id, 0x8400, [], records(3)))
    asker.receive(link.now, STRANGER, dns.build(id, 0, [], records(3)))
    assert not asker._found, asker._found
    asker.receive(link.now, STRANGER, dns.build(id, 0x8400, [], records(3)))
    assert asker.next_event().peer == peer_id(3), "not taken"


def test_one_shot_asks_for_what_is_missing():
    link = Link()
    asker = link.place(ASKER, OneShot(Limits(), counting(50), peer_id(50)))
    asker.start(link.now)
    link.run(130)
    id = link.sent(ASKER)[0][2][0]
    link.hear(STRANGER, dns.build(id, 0x8400, [], records(3)[:2]), ASKER)
    link.run(200)
    query = link.sent(ASKER)[-1][2]
    assert query[2] == [(instance(label(3)), dns.ANY, False), (host(label(3)), dns.ANY, False)]
    link.hear(STRANGER, dns.build(query[0], 0x8400, [], records(3)[2:]), ASKER)
    assert link.events[ASKER] == [Announced(peer_id(3), (address(3), 5683), "query")]
