"""Fills the tables of a board one by one, for tests/bench/tables.py. For MicroPython."""

from world import World, make_identity, make_kit

from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.discovery.mdns import Mdns
from mesh.core.feed.feed import Feed
from mesh.core.node import COAP, MDNS
from mesh.core.security.seal import seal_request
from mesh.core.security.signed_client import request_for

LONG = "n" * 32


def board():
    """A node with some sensors, and its world."""
    world = World()
    node, _ = world.add(1, {"follow": "*", "discovery": {"layers": []}})
    for name in ("warm", "damp", "sun", "bed", "cell", "hall", "water"):
        node.add_sensor(name, "Cel")
        node.reading(world.now, name, 20)
    node.add_actuator("led", lambda value: None, False)
    node.tick(world.now)
    take(node)
    return node, world


def take(node):
    """What it sent is on its way, and what it told is told."""
    while node.next_send():
        pass
    while node.next_event():
        pass


def at(n):
    """An address."""
    return f"192.168.100.{n}", 49152 + n


def identities(count):
    """Who has so many keys."""
    return [make_identity(1000 + n) for n in range(count)]


def asked(node, world, n, message, body=None, signer=None):
    """Have a signed question come; the node has answered it."""
    kit = make_kit(n)
    data = b"" if body is None else cbor.encode(body)
    signer = signer or make_identity(1000 + n)
    seal_request(kit, signer, node.peer.id, message, 60 if data else None, data)
    come(node, world, n, message, kit)


def come(node, world, n, message, kit):
    """Have a question come from an address; every other one is proven."""
    mid = int.from_bytes(kit.random(2), "big")
    message.type, message.mid, message.token = coap.CON, mid, kit.random(8)
    if n % 2:
        node.endpoint.prove(at(n))
    node.receive(world.now, COAP, at(n), coap.build(message))
    take(node)


def peers(node, world, count):
    for n in range(count):
        peer = make_identity(1000 + n).public
        node.contacts.add(world.now, peer, at(n), "dns-sd")
        contact = node.contacts.get(peer)
        node.contacts.up(world.now, contact, at(n))
        contact.name = LONG + str(n)
        contact.elsewhere = at(n + 300)


def candidates(node, world, count):
    for n in range(count):
        for where in range(node.limits.peer_addresses):
            peer = make_identity(2000 + n).public
            node.contacts.add(world.now, peer, at(n * 8 + where), "asked us")


def remotes(node, world, count):
    for n in range(count):
        node.endpoint.prove(at(n))


def exchanges(node, world, count):
    for n in range(count):
        asked(node, world, n, request_for(coap.FETCH, ["peer"]))
        world.now += 1
    node.contacts.table.clear()


def observers(node, world, count):
    for n in range(1, 2 * count, 2):
        asked(node, world, n, request_for(coap.FETCH, ["feeds"], observe=True), {b"": 0})
    node.contacts.table.clear()
    node.endpoint.seen.clear()


def bodies(node, world, count):
    for n in range(1, 2 * count, 2):
        message = request_for(coap.PUT, ["actuators", "led"])
        for block in range(node.limits.body // 512 - 1):
            message.drop(coap.BLOCK1)
            message.add(coap.BLOCK1, block << 4 | 8 | 5)
            message.payload = bytes(512)
            come(node, world, n, message, make_kit(n * 100 + block))
    node.endpoint.seen.clear()


def outgoing(node, world, count):
    for n in range(count):
        peer = make_identity(1000 + n).public
        node.asks.fetch(world.now, peer, at(n), "peers", print)
    take(node)


def senders(node, world, count):
    for n in range(count):
        sender = make_identity(3000 + n).public
        echo = node.gate._freshness.challenge(world.now, sender)
        node.gate._freshness.accept(world.now, sender, 1 << 40, echo)


def tail(node, world, count):
    for n in range(count):
        node.reading(world.now, "warm", 2000 + n)
    take(node)


def foreign(node, world, count):
    for n in range(count):
        identity = make_identity(1000 + n)
        node.contacts.add(world.now, identity.public, at(n), "dns-sd")
        node.contacts.up(world.now, node.contacts.get(identity.public), at(n))
        feed = Feed(make_kit(n), identity.public, 64)
        for entry in range(node.limits.foreign_tail):
            feed.append([0, 1, entry, None], "x", bytes(400))
            feed.sign(identity)
        first = 1
        while (run := feed.run(first, 900)) is not None:
            node.peer.feeds.accept(world.now, run)
            first = run[1] + len(run[3])
    node.contacts.table.clear()
    take(node)


def announced(node, world, count):
    """Peers heard of by multicast DNS, each with as many addresses as are kept."""
    limits = node.limits
    part = Mdns(limits, make_kit(1).random, node.peer.id, 5683, ["192.168.100.1"])
    node.add(part, MDNS)
    part.start(world.now)
    for n in range(count):
        places = [f"192.168.{100 + more}.{n + 2}" for more in range(limits.peer_addresses)]
        who = make_identity(5000 + n).public
        other = Mdns(limits, make_kit(n).random, who, 49152 + n, places)
        other.start(world.now)
        other.tick(world.now)
        while (sending := other.next_send()) is not None:
            node.receive(world.now, MDNS, (places[0], 5353), sending[1])
    take(node)
    node.contacts.table.clear()


FILLS = (
    ("peers", "peers", peers),
    ("candidates", "candidates", candidates),
    ("addresses", "remotes", remotes),
    ("questions", "exchanges", exchanges),
    ("observers", "observers", observers),
    ("bodies", "bodies", bodies),
    ("asked", "outgoing", outgoing),
    ("senders", "senders", senders),
    ("own feed", "tail", tail),
    ("other feeds", "peers", foreign),
    ("announced", "mdns_records", announced),
)
