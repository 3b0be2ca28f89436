"""More peers on a link than one of them has room for."""

from link import Link, question

from mesh.core.discovery import dns
from mesh.core.discovery.dnssd import SERVICE

MINUTE = 60_000
PEERS = 16
ROOM = {"mdns_records": 12}  # four of them


def crowded():
    link = Link()
    for number in range(1, PEERS + 1):
        link.add(number, **ROOM)
    for source in sorted(link.peers):
        link.peers[source].start(link.now)
    link.run(3 * MINUTE)
    link.log = []
    return link


def test_they_do_not_all_ask_each_minute():
    """As all who are not known to whoever asks answer, that grew with the square of the number."""
    link = crowded()
    link.run(5 * MINUTE)
    queries, answers = len(link.sent(response=False)), len(link.sent(response=True))
    # 80 and 139 where each asks for itself: the answers grow with the square of the peers
    assert queries <= 15, queries
    assert answers <= 80, answers


def test_each_asks_now_and_then_whatever_others_ask():
    """What others know, or pretend to, hides nobody for ever."""
    link = crowded()
    asked = set()
    for _ in range(62):
        link.run(MINUTE)
        asked |= {by for _, by, _, data in link.log if not data[2] >> 7}
        link.log = []
        for events in link.events.values():
            events.clear()
    assert asked == set(link.peers)


def test_only_neighbours_ask_in_its_place():
    """A query from beyond the link is nobody's whose answers are heard here (RFC 6762 s.11)."""
    for host, spared in (("10.0.9.9", True), ("8.8.8.8", False)):
        link = Link()
        node = link.add(1)
        node._places.move([("10.0.0.1", 16)])
        node.start(link.now)
        link.run(5 * MINUTE)
        link.log = []
        for _ in range(10):
            link.hear((host, 5353), question((SERVICE, dns.PTR)))
            link.run(30_000)
        assert bool(link.sent(response=False)) is not spared, host


def test_who_comes_late_is_found_at_once():
    link = crowded()
    link.run(2 * MINUTE)
    for events in link.events.values():
        events.clear()
    node = link.add(PEERS + 1, **ROOM)
    node.start(link.now)
    link.log = []
    link.run(5000)
    late = (f"10.0.0.{PEERS + 1}", 5353)
    found = {event.peer for event in link.events[late]}
    assert len(found) == PEERS
    for source, events in link.events.items():
        assert source == late or events[0].address[0] == late[0]
    assert len(link.sent(late, response=False)) == 1, "whoever has no room asks no more"
