"""Contacts found by address, by search and by an index: the same, whatever happens to them."""

from world import Random

from mesh.core.discovery.contacts import Contacts
from mesh.core.full.many_contacts import ManyContacts
from mesh.core.limits import Limits

OWN = bytes(32)
LIMITS = Limits(peers=8, candidates=8)


def places(count):
    return [(f"10.0.0.{n}", 5683) for n in range(1, count + 1)]


def test_what_moves_and_goes_is_found_as_by_search():
    random = Random(5)
    tables = [kind(LIMITS, Random(1), OWN) for kind in (Contacts, ManyContacts)]
    found = 0
    for step in range(3000):
        now, peer = step * 50, bytes((random(1)[0] % 12,)) * 32
        at = places(24)[random(1)[0] % 24]
        what = random(1)[0] % 8
        for table in tables:
            contact = table.get(peer)
            if contact is None:
                table.add(now, peer, at, "given")
            elif what == 0 and contact.address:
                for _ in range(2):
                    table.missed(now + LIMITS.forget_ms * 2, contact, contact.address)
                contact.given.clear()
            elif what == 1:
                table.shed()
            elif table.at(at) in (None, contact):  # no two at one address
                table.up(now, contact, at)
        by_search, by_index = [[c and c.peer for c in map(t.at, places(24))] for t in tables]
        assert by_search == by_index, (step, what)
        found += len([one for one in by_index if one])
    assert found > 3000


def test_of_two_at_one_address_one_is_found_until_it_goes():
    table = ManyContacts(LIMITS, Random(1), OWN)
    (at,) = places(1)
    for n in (1, 2):
        table.add(0, bytes((n,)) * 32, at, "given")
        table.up(0, table.get(bytes((n,)) * 32), at)
    first = table.at(at)
    table.table.pop(first.peer)
    second = table.at(at)
    assert second is not None and second is not first
    table.table.pop(second.peer)
    assert table.at(at) is None
