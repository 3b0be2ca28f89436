"""Who is announced: found, completed by questions, refreshed, forgotten."""

from link import ME, STRANGER, Link, address, alone, label, peer_id, records, response

from mesh.core.discovery import dns
from mesh.core.discovery.dnssd import SERVICE, host, instance
from mesh.core.events import Announced, Withdrawn


def test_what_is_missing_is_asked_for():
    pointer, location, text, number = records(2)
    told = Announced(peer_id(2), (address(2), 5683), "mdns")
    link, _ = alone()
    link.hear(STRANGER, response([pointer]))
    link.run(120)
    (query,) = link.sent(response=False)
    name = instance(label(2))
    asked = [(name, dns.ANY, False), (host(label(2)), dns.ANY, False)]
    assert query[2][2] == asked, query
    assert not query[2][3][1:], query
    for record in (text, number):
        link.hear(STRANGER, response([record]))
        assert not link.events[ME], link.events
    link.hear(STRANGER, response([location]))
    assert link.events[ME] == [told], link.events


def test_in_any_order():
    told = Announced(peer_id(2), (address(2), 5683), "mdns")
    pieces = records(2)
    for turn in range(4):
        for reverse in (False, True):
            order = pieces[turn:] + pieces[:turn]
            if reverse:
                order.reverse()
            link, _ = alone()
            link.hear(STRANGER, response(order))
            assert link.events[ME] == [told], (turn, reverse, link.events)
            link, _ = alone()
            for piece in order:
                link.hear(STRANGER, response([piece]))
            assert set(link.events[ME]) == {told}, (turn, reverse, link.events)


def test_asking_gives_up():
    link, node = alone()
    link.hear(STRANGER, response(records(2)[:1]))
    link.run(60_000)
    asked = [m for _, _, m in link.sent(response=False) if m[2][0][0] != SERVICE]
    assert len(asked) == 4, asked
    assert not node._found, node._found


def test_without_an_address_the_source_is_taken():
    link, _ = alone()
    link.hear(("10.0.0.33", 5353), response(records(2)[:3]))
    link.run(100)
    assert not link.events[ME], link.events
    link.run(2000)
    assert link.events[ME] == [Announced(peer_id(2), ("10.0.0.33", 5683), "mdns")], link.events


def test_refreshed_before_it_ends():
    link, node = alone()
    link.hear(STRANGER, response(records(2)))
    link.run(119_000)
    name = instance(label(2))
    times = [ms - 6000 for ms, _, m in link.sent(response=False) if (name, dns.ANY, False) in m[2]]
    assert len(times) == 4, times
    for at, percent in zip(times, (80, 85, 90, 95)):  # noqa: B905 - not on MicroPython
        assert percent * 1200 <= at <= percent * 1200 + 2500, times
    link.hear(STRANGER, response(records(2)[1:2]))
    assert label(2) in node._found, node._found
    link.run(119_000)
    assert label(2) in node._found, node._found
    link.run(2000)
    assert label(2) not in node._found, node._found
    assert len(link.events[ME]) == 1, "to fall silent is no goodbye"


def test_peers_refresh_each_other_for_hours():
    link = Link()
    for number in range(1, 5):
        link.add(number).start(link.now)
    link.run(3_600_000)
    for source in sorted(link.events):
        assert len(set(link.events[source])) == 3, link.events[source]
        assert Withdrawn not in [type(e) for e in link.events[source]], link.events[source]
        assert len(link.peers[source]._found) == 3, source
    per_minute = len(link.log) // 60
    assert per_minute < 24, per_minute


def test_a_new_address_is_told_and_the_old_one_forgotten():
    link, node = alone()
    link.hear(STRANGER, response(records(2)))
    link.run(2000)
    link.hear(STRANGER, response(records(2, at="10.0.7.7")))
    assert link.events[ME][-1].address == ("10.0.7.7", 5683), link.events
    assert node._found[label(2)].hosts == ["10.0.7.7"], "not flushed"
    link.hear(STRANGER, response(records(2, at="10.0.7.7", port=9)))
    assert link.events[ME][-1].address == ("10.0.7.7", 9), link.events
    assert len(link.events[ME]) == 3, link.events


def test_several_addresses():
    link, node = alone()
    found = records(2)
    last = found.pop()
    for text in ("10.0.0.2", "192.168.1.2", "2001:db8::2", "10.0.0.4", "10.0.0.5", "10.0.0.6"):
        data = dns.host_bytes(text)
        kind = dns.A if len(data) == 4 else dns.AAAA
        found.append(dns.Record(last.name, kind, True, 120, data))
    link.hear(STRANGER, response(found))
    told = [event.address[0] for event in link.events[ME]]
    assert told == ["2001:db8::2", "10.0.0.4", "10.0.0.5", "10.0.0.6"], told
    link.hear(STRANGER, response(found))
    assert len(link.events[ME]) == 4, link.events
    gone = dns.Record(last.name, dns.A, True, 0, dns.host_bytes("10.0.0.6"))
    link.hear(STRANGER, response([gone]))
    assert len(node._found[label(2)].hosts) == 3, node._found[label(2)].hosts


def test_of_many_addresses_the_one_that_it_came_from_stays_and_then_ours():
    link, node = alone()
    node._places.move([("192.168.1.9", 24)], 5683)
    texts = [STRANGER[0], "192.168.1.2", "172.17.0.1", "172.18.0.1"]
    texts += ["172.19.0.1", "172.20.0.1", "172.21.0.1"]
    for order in (texts, texts[::-1]):
        found = records(2)
        last = found.pop()
        for text in order:
            found.append(dns.Record(last.name, dns.A, True, 120, dns.host_bytes(text)))
        link.hear(STRANGER, response(found))
        hosts = node._found[label(2)].hosts
        assert len(hosts) == 4 and STRANGER[0] in hosts and "192.168.1.2" in hosts, hosts
    told = [event.address[0] for event in link.events[ME]]
    assert STRANGER[0] in told and "192.168.1.2" in told, told


def test_link_local_addresses_have_the_scope_of_the_source():
    link, _ = alone()
    found = records(2)[:3]
    data = dns.host_bytes("fe80::1:2")
    found.append(dns.Record(host(label(2)), dns.AAAA, True, 120, data))
    link.hear(("fe80::99%eth1", 5353), response(found))
    assert link.events[ME][0].address == ("fe80::1:2%eth1", 5683), link.events


def test_a_restart_is_told_again_after_a_while():
    link, _ = alone()
    for _ in range(3):
        link.hear(STRANGER, response(records(2)))
    assert len(link.events[ME]) == 1, link.events
    link.run(61_000)
    link.hear(STRANGER, response(records(2)))
    assert len(link.events[ME]) == 2, link.events


def test_goodbye_and_back_within_a_second():
    link, _ = alone()
    link.hear(STRANGER, response(records(2)))
    link.hear(STRANGER, response(records(2, ttl=0)))
    link.run(500)
    link.hear(STRANGER, response(records(2)))
    link.run(5000)
    told = Announced(peer_id(2), (address(2), 5683), "mdns")
    assert link.events[ME] == [told, told], link.events[ME]


def test_what_is_known_is_said_in_queries():
    link, _ = alone()
    link.hear(STRANGER, response(records(2)))
    link.run(1000)
    link.hear(STRANGER, response(records(3, ttl=2000)))
    link.run(100_000)
    query = [q for q in link.sent(response=False) if q[2][2] == [(SERVICE, dns.PTR, False)]][-1]
    names = [r.data for r in query[2][3]]
    assert names == [instance(label(1)), instance(label(2))], names
    assert not [r for r in query[2][3] if r.flush or not 4300 < r.ttl <= 4500], query


def test_many_known_answers_fit_the_datagram():
    link, _ = alone(mdns_records=3000)
    for number in range(2, 400):
        link.hear(STRANGER, response(records(number)))
    link.run(60_000)
    assert len(link.peers[ME]._found) == 398, len(link.peers[ME]._found)
    longest = max([len(data) for _, _, _, data in link.log])
    assert 1200 < longest <= 1400, longest


def test_a_peer_of_a_later_version_is_found_as_long_as_it_speaks_this_one():
    """Further keys of its TXT record are passed over, wherever they stand (RFC 6763 s.6)."""
    told = Announced(peer_id(2), (address(2), 5683), "mdns")
    plain = records(2)[2].data
    for text in (plain + b"\5max=2", b"\5max=2" + plain, plain + b"\0" + b"\3x-a" + b"\4b=\0\xff"):
        link, _ = alone()
        link.hear(STRANGER, response(records(2, text=text)))
        assert link.events[ME] == [told], text
    link, _ = alone()
    link.hear(STRANGER, response(records(2, text=plain.replace(b"v=1", b"v=2") + b"\5max=2")))
    assert not link.events[ME], "it does not speak version 1 any more"
