"""Who is there: peers on a pretend link announce themselves, find each other, and are lied to."""

from helpers import raises

from mesh.core import dns
from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import Announced, Withdrawn
from mesh.core.ids import to_text
from mesh.core.limits import Limits
from mesh.core.mdns import Mdns
from mesh.core.oneshot import GROUP, SERVICE, OneShot, host, instance, is_dns

TYPES = b"\x09_services\x07_dns-sd\x04_udp\x05local\0"


def peer_id(number):
    return number.to_bytes(4, "big") * 8


def label(number):
    return to_text(peer_id(number))[:16].encode()


def address(number):
    return f"10.0.{number >> 8}.{number & 255}"


def counting(seed):
    """Bytes that look random enough, the same on both interpreters."""
    state = [seed]

    def random(n):
        out = []
        for _ in range(n):
            state[0] = (state[0] * 1103515245 + 12345) % 2147483648
            out.append(state[0] >> 16 & 255)
        return bytes(out)

    return random


class Link:
    """Peers on one link and a clock. What is multicast reaches all, the sender too, a ms later."""

    def __init__(self):
        self.now = 1000
        self.peers = {}  # source address -> Mdns or OneShot
        self.events = {}
        self.log = []  # (ms, source, target, data) of all that was sent
        self.flying = []
        self.mute = set()  # sources whose datagrams are lost

    def add(self, number, **limits):
        node = Mdns(Limits(**limits), counting(number), peer_id(number), 5683, [address(number)])
        return self.place((address(number), 5353), node)

    def place(self, source, node):
        self.peers[source] = node
        self.events[source] = []
        return node

    def hear(self, source, data, target=GROUP):
        """A datagram of a stranger, for all on the link."""
        self.flying.append((source, target, data))
        self.settle()

    def settle(self):
        """Take what all have to say, until they are silent."""
        for source in sorted(self.peers):
            while sending := self.peers[source].next_send():
                self.log.append((self.now, source, sending[0], sending[1]))
                if source not in self.mute:
                    self.flying.append((source, sending[0], sending[1]))
        self.deliver()
        for source in sorted(self.peers):
            while event := self.peers[source].next_event():
                self.events[source].append(event)

    def deliver(self):
        while self.flying:
            source, target, data = self.flying.pop(0)
            for to in sorted(self.peers):
                if to == target or (target == GROUP and to[1] == 5353):
                    self.peers[to].receive(self.now, source, data)

    def run(self, ms):
        end = self.now + ms
        self.settle()
        for _ in range(10_000):
            due = [at for at in [p.wake_at() for p in self.peers.values()] if at is not None]
            if not due or min(due) > end:
                self.now = end
                return
            self.now = max(self.now, min(due))
            for source in sorted(self.peers):
                self.peers[source].tick(self.now)
            self.settle()
        raise AssertionError("the link never rests")

    def sent(self, source=None, response=None):
        """What was sent, parsed: (ms, target, message)."""
        out = []
        for ms, by, target, data in self.log:
            message = dns.parse(data)
            if source in (None, by) and response in (None, message[1] > 0x7FFF):
                out.append((ms, target, message))
        return out


def records(number, port=5683, at=None, text=None, ttl=4500):
    """PTR, SRV, TXT and A of a peer, as it should announce them."""
    name = instance(label(number))
    if text is None:
        text = b"\x03v=1\x37id=" + to_text(peer_id(number)).encode()
    location = b"\0\0\0\0" + port.to_bytes(2, "big") + host(label(number))
    return [
        dns.Record(SERVICE, dns.PTR, False, ttl, name),
        dns.Record(name, dns.SRV, True, min(ttl, 120), location),
        dns.Record(name, dns.TXT, True, ttl, text),
        dns.Record(
            host(label(number)), dns.A, True, min(ttl, 120), dns.host_bytes(at or address(number))
        ),
    ]


def gaps(times):
    return [times[at + 1] - times[at] for at in range(len(times) - 1)]


def response(found, more=0):
    return dns.build(0, dns.RESPONSE, [], found, more)


def question(*questions, **options):
    return dns.build(
        options.get("id", 0),
        options.get("flags", 0),
        [(name, kind, options.get("unicast", False)) for name, kind in questions],
        options.get("known", []),
    )


def alone(**limits):
    """One started peer that has said all that it wants to say."""
    link = Link()
    node = link.add(1, **limits)
    node.start(link.now)
    link.run(5000)
    link.log = []
    link.events[(address(1), 5353)] = []
    return link, node


ME = (address(1), 5353)
STRANGER = ("10.0.9.9", 5353)


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


def test_goodbye_and_back_within_a_second():
    link, _ = alone()
    link.hear(STRANGER, response(records(2)))
    link.hear(STRANGER, response(records(2, ttl=0)))
    link.run(500)
    link.hear(STRANGER, response(records(2)))
    link.run(5000)
    told = Announced(peer_id(2), (address(2), 5683), "mdns")
    assert link.events[ME] == [told, told], link.events[ME]


def test_stop_and_start_again():
    link, node = alone()
    node.stop(link.now)
    link.run(3000)
    node.start(link.now)
    link.log = []
    link.run(3000)
    assert len(link.sent(response=True)) == 2, link.sent()


def test_somebody_elses_goodbye_for_us_is_set_right():
    link, _ = alone()
    link.hear(STRANGER, response(records(1, ttl=0)))
    link.run(500)
    (answer,) = link.sent(response=True)
    assert {r.ttl for r in answer[2][3]} == {120, 4500}, answer
    assert not link.events[ME], link.events


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
    assert 700 < longest <= 1024, longest


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


def test_a_flood_of_questions_by_unicast_orders_little():
    link, _ = alone()
    many = [(instance(label(1)), dns.ANY)] * 200
    for port in range(1000):
        link.hear(("10.0.0.7", 10_000 + port), question(*many))
    link.run(500)
    assert len(link.sent(response=True)) == 8, len(link.sent())
    assert max([len(data) for _, _, _, data in link.log]) < 500, "longer than need be"


def test_probes_of_others_are_answered():
    link, _ = alone()
    probe = dns.build(0, 0, [(instance(label(1)), dns.ANY, True)], [])
    theirs = dns.build(0, 0, [], records(1, port=1)[1:2])[12:]
    link.hear(STRANGER, probe[:8] + b"\0\1\0\0" + probe[12:] + theirs)
    link.run(500)
    (answer,) = link.sent(response=True)
    assert answer[1] == STRANGER, answer
    assert not link.events[ME], link.events


def test_known_answers_without_a_question():
    link, _ = alone()
    link.hear(STRANGER, question(known=records(1)[:1] + records(2)))
    link.run(1000)
    assert not link.sent(response=True), link.sent()
    assert not link.events[ME], "believed what a query held"


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


def test_addresses_that_no_peer_can_have():
    for text in ("0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "::1", "ff02::1", "fe80::1"):
        link, _ = alone()
        found = records(2)[:3]
        data = dns.host_bytes(text)
        kind = dns.A if len(data) == 4 else dns.AAAA
        found.append(dns.Record(host(label(2)), kind, True, 120, data))
        link.hear(STRANGER, response(found))
        assert not link.events[ME], (text, link.events)


def test_link_local_addresses_have_the_scope_of_the_source():
    link, _ = alone()
    found = records(2)[:3]
    data = dns.host_bytes("fe80::1:2")
    found.append(dns.Record(host(label(2)), dns.AAAA, True, 120, data))
    link.hear(("fe80::99%eth1", 5353), response(found))
    assert link.events[ME][0].address == ("fe80::1:2%eth1", 5683), link.events


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
        link, node = alone()
        raises(RemoteError, node.receive, link.now, STRANGER, response(records(2, text=lie)))
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
    link, node = alone()
    found = []
    for number in range(2, 47):
        found += records(number)
    link.hear(STRANGER, response(found))
    assert len(link.events[ME]) == 32, len(link.events[ME])
    raises(RemoteError, node.receive, link.now, STRANGER, response(found * 2))


def test_short_lives_order_no_flood():
    link, _ = alone()
    for number in range(2, 30):
        link.hear(STRANGER, response(records(number, ttl=1)))
    link.run(20_000)
    assert len(link.sent()) <= 20, len(link.sent())


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


def test_malformed_datagrams():
    link, node = alone()
    for data in (b"", b"\0" * 11, b"\0" * 4 + b"\0\1" + b"\0" * 6, bytes(9001), b"\xff" * 200):
        raises(RemoteError, node.receive, link.now, STRANGER, data)


def test_a_restart_is_told_again_after_a_while():
    link, _ = alone()
    for _ in range(3):
        link.hear(STRANGER, response(records(2)))
    assert len(link.events[ME]) == 1, link.events
    link.run(61_000)
    link.hear(STRANGER, response(records(2)))
    assert len(link.events[ME]) == 2, link.events


# ---- one-shot queries


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
