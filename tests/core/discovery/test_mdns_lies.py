"""Strangers on port 5353 who lie, flood or break the rules: nothing grows, nobody is shut out."""

from link import ME, STRANGER, alone, label, peer_id, question, records, response

from mesh.core.discovery import dns
from mesh.core.discovery.dnssd import host, instance
from mesh.core.peer_id import to_text


def test_a_flood_of_questions_by_unicast_orders_little():
    link, _ = alone()
    many = [(instance(label(1)), dns.ANY)] * 200
    for port in range(100):
        link.hear(("10.0.0.7", 10_000 + port), question(*many))
    link.run(500)
    assert len(link.sent(response=True)) == 1, len(link.sent())
    for n in range(100):
        link.hear((f"10.0.1.{n}", 10_000), question(*many))
    link.run(500)
    assert len(link.sent(response=True)) == 8, "in a second, to all hosts together"
    assert max([len(data) for _, _, _, data in link.log]) < 500, "longer than need be"


def test_records_that_lie_about_names():
    pointer, location, text, number = records(2)
    other = b"\x03v=1\x37id=" + to_text(peer_id(3)).encode()
    id_only = b"\x37id=" + to_text(peer_id(2)).encode()
    newer = b"\x03v=2" + id_only
    for lie in (other, id_only, newer, b"", b"\x03v=1", b"\xff"):
        link, _ = alone()
        link.hear(STRANGER, response(records(2, text=lie)))
        link.run(5000)
        assert not link.events[ME], (lie, link.events)
    for lie in (text.data[:-1], text.data[:-1] + b"\xff"):
        link, _ = alone()
        link.hear(STRANGER, response(records(2, text=lie)))
        link.run(5000)
        assert not link.events[ME], (lie, link.events)
    link, _ = alone()
    elsewhere = location.data[:6] + host(label(3))
    lying = dns.Record(location.name, dns.SRV, True, 120, elsewhere)
    link.hear(STRANGER, response([pointer, lying, text, number]))
    link.run(5000)
    assert not link.events[ME], link.events


def test_more_in_txt_does_no_harm():
    link, _ = alone()
    text = b"\x04x=y\xff\0" + records(2)[2].data + b"\x05id=no"
    link.hear(STRANGER, response(records(2, text=text)))
    assert len(link.events[ME]) == 1, link.events


def test_only_port_5353_answers():
    link, node = alone()
    link.hear(("10.0.9.9", 5354), response(records(2)))
    assert not node._found, node._found
    link.hear(STRANGER, dns.build(0, 0x8403, [], records(2)))
    assert not node._found, node._found


def test_an_impostor_of_ourselves_is_ignored():
    link, node = alone()
    link.hear(STRANGER, response(records(1, port=1, at="10.6.6.6")))
    link.run(1000)
    assert not node._found, node._found
    assert not link.events[ME], link.events


def test_ten_thousand_fakes():
    link, node = alone(mdns_records=96, candidates=32)
    honest = records(70_000, at="10.9.9.9")
    link.hear(STRANGER, response(honest))
    for number in range(2, 10_002):
        node.receive(link.now, STRANGER, response(records(number)[: 1 + number % 4]))
    assert len(node._found) == 32, len(node._found)
    assert len(node._events) <= 32, len(node._events)
    link.run(10_000)
    queries = [m for _, _, m in link.sent(response=False)]
    assert len(queries) <= 14, len(queries)
    assert max([len(m[2]) for m in queries]) <= 8, queries
    link.events[ME] = []
    link.hear(STRANGER, response(records(80_000, at="10.9.9.8")))
    assert len(link.events[ME]) == 1, "a flood shut an honest newcomer out"


def test_fakes_that_say_little_push_nobody_out():
    link, node = alone()
    link.hear(STRANGER, response(records(2)))
    for number in range(3, 1000):
        node.receive(link.now, STRANGER, response(records(number)[:3]))
    assert label(2) in node._found, "pushed out"


def test_one_large_datagram_of_fakes():
    link, _ = alone()
    found = []
    for number in range(2, 47):
        found += records(number)
    link.hear(STRANGER, response(found))
    assert len(link.events[ME]) == 32, len(link.events[ME])
    link.hear(STRANGER, response(found * 2))  # over 9000 bytes
    assert len(link.events[ME]) == 32, len(link.events[ME])


def test_short_lives_order_no_flood():
    link, _ = alone()
    for number in range(2, 30):
        link.hear(STRANGER, response(records(number, ttl=1)))
    link.run(20_000)
    assert len(link.sent()) <= 20, len(link.sent())


def test_malformed_datagrams():
    link, node = alone()
    for data in (b"", b"\0" * 11, b"\0" * 4 + b"\0\1" + b"\0" * 6, bytes(9001), b"\xff" * 200):
        node.receive(link.now, STRANGER, data)
        assert node.next_send() is None, data
        assert node.next_event() is None, data


def test_addresses_that_no_peer_can_have():
    for text in ("0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "::1", "ff02::1", "fe80::1"):
        link, _ = alone()
        found = records(2)[:3]
        data = dns.host_bytes(text)
        kind = dns.A if len(data) == 4 else dns.AAAA
        found.append(dns.Record(host(label(2)), kind, True, 120, data))
        link.hear(STRANGER, response(found))
        assert not link.events[ME], (text, link.events)


def test_somebody_elses_goodbye_for_us_is_set_right():
    link, _ = alone()
    link.hear(STRANGER, response(records(1, ttl=0)))
    link.run(500)
    (answer,) = link.sent(response=True)
    assert {r.ttl for r in answer[2][3]} == {120, 4500}, answer
    assert not link.events[ME], link.events


def test_known_answers_without_a_question():
    link, _ = alone()
    link.hear(STRANGER, question(known=records(1)[:1] + records(2)))
    link.run(1000)
    assert not link.sent(response=True), link.sent()
    assert not link.events[ME], "believed what a query held"


def test_probes_of_others_are_answered():
    link, _ = alone()
    probe = dns.build(0, 0, [(instance(label(1)), dns.ANY, True)], [])
    theirs = dns.build(0, 0, [], records(1, port=1)[1:2])[12:]
    link.hear(STRANGER, probe[:8] + b"\0\1\0\0" + probe[12:] + theirs)
    link.run(500)
    (answer,) = link.sent(response=True)
    assert answer[1] == STRANGER, answer
    assert not link.events[ME], link.events
