"""More peers than a table holds: they are not greeted for ever, and yet all hear of all."""

from meshes import Mesh

from mesh.core.discovery.contact import LOST, UP
from mesh.core.discovery.contacts import Contacts
from mesh.core.limits import Limits

OWN = bytes(32)


def table(count, listening=()):
    """A full table of `count` peers that are up; and what takes a newcomer to it."""
    limits = Limits(peers=count, candidates=8)
    contacts = Contacts(limits, bytes, OWN)
    contacts.listens = lambda peer: peer in listening
    for n in range(1, count + 1):
        meet(contacts, 0, n)
    return contacts


def who(n):
    return n.to_bytes(2, "big") * 16


def meet(contacts, now_ms, n, how="peers"):
    """Whether a newcomer is greeted; if so, it answers."""
    contacts.add(now_ms, who(n), ("10.0.0.1", n), how)
    contact = contacts.get(who(n))
    if contact is None:
        return False
    contacts.up(now_ms, contact, ("10.0.0.1", n))
    return True


def test_a_full_table_greets_a_newcomer_now_and_then():
    contacts = table(8)
    greeted = [ms for ms in range(0, 600_000, 500) if meet(contacts, ms, 100 + ms // 500)]
    assert 8 <= len(greeted) <= 10, greeted
    assert len(contacts.table) == 8
    assert {c.state for c in contacts.table.values()} == {UP}


def test_who_has_a_link_stays():
    listening = [who(1), who(2)]
    contacts = table(4, listening)
    contacts.get(who(3)).linked = True
    contacts.get(who(4)).pinned = True
    for n in range(20):
        meet(contacts, n * 100_000, 100 + n)
    assert sorted(contacts.table) == [who(n) for n in (1, 2, 3, 4)]
    listening.clear()
    meet(contacts, 3_000_000, 200)
    assert who(200) in contacts.table
    assert len(contacts.table) == 4


def test_whom_we_named_stays_however_many_links_strangers_have():
    contacts = table(4, [who(1), who(2), who(3), who(4)])
    contacts.pin(0, who(9))
    assert meet(contacts, 1000, 9)
    assert meet(contacts, 2000, 9)
    assert contacts.get(who(9)).state == UP
    assert len(contacts.table) == 5, "whom we named comes on top"


def test_room_of_the_lost_and_for_those_given_by_hand():
    contacts = table(4)
    contacts.get(who(2)).state = LOST
    assert meet(contacts, 1000, 50)
    assert who(2) not in contacts.table
    assert meet(contacts, 1000, 60)
    assert not meet(contacts, 1000, 61)
    assert meet(contacts, 1000, 62, "given")
    assert who(62) in contacts.table
    assert len(contacts.table) == 4


def test_the_table_is_not_walked_at_each_wake_up():
    contacts = table(200)
    for n in range(1, 201):
        contacts.schedule(contacts.get(who(n)), 100_000 + n * 10)
    walks = []
    contacts._random = lambda n: walks.append(n) or bytes(n)
    found = []
    contacts.due_ms = 0
    for ms in range(100_000, 102_500):
        for contact in contacts.due(ms):
            contact.asking = (contact.address,)
            found.append(contact)
    assert len(found) == 200
    assert len(walks) <= 11, len(walks)


def test_hellos_do_not_grow_with_the_mesh():
    mesh = Mesh(14, peers=6, hello_per_s=4, links=2)
    mesh.settle(180_000)
    for node in mesh.nodes:
        mesh.write(node, 1)
    mesh.world.run(30_000)
    mesh.traffic.clear()
    mesh.world.run(60_000)
    packets = sum([packets for packets, _ in mesh.traffic.values()]) / len(mesh.nodes) / 60
    assert packets < 2, packets


def test_a_full_list_of_observers_takes_who_is_in_it_anew():
    mesh = Mesh(4, observers=3)
    mesh.settle(300_000)
    for node in mesh.nodes:
        links = node.replicating.links.table.values()
        assert [link.ended for link in links] == [False] * 3


def test_who_follows_more_than_it_can_link_to_hears_of_them_through_keepers():
    mesh = Mesh(2)
    mesh.settings = {"follow": "*"}
    mesh.limits["outgoing"] = 8
    for n in range(3, 12):
        mesh.join(n)
    mesh.settle(120_000)
    for node in mesh.nodes:
        mesh.write(node, 1)
    assert mesh.world.run(60_000, lambda: not mesh.lacking()), mesh.lacking()
    for node in mesh.nodes[2:]:
        assert len(node.replicating.links.table) <= 5
