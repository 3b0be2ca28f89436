"""Lies about where others are."""

from world import Random

from mesh.core.discovery import dns
from mesh.core.discovery.dnssd import SERVICE, host, instance
from mesh.core.discovery.mdns import Mdns
from mesh.core.node import MDNS
from mesh.core.peer_id import INSTANCE, to_text


def announcement(peer, address, ttl=120):
    """What somebody multicasts of a peer: where it is, or with ttl 0 that it left."""
    text = to_text(peer).encode()
    label = text[:INSTANCE]
    numbers = bytes([int(part) for part in address[0].split(".")])
    place = b"\0\0\0\0" + address[1].to_bytes(2, "big") + host(label)
    records = [
        dns.Record(SERVICE, dns.PTR, False, ttl, instance(label)),
        dns.Record(instance(label), dns.SRV, True, ttl, place),
        dns.Record(instance(label), dns.TXT, True, ttl, b"\3v=1\x37id=" + text),
        dns.Record(host(label), dns.A, True, ttl, numbers),
    ]
    return dns.build(0, dns.RESPONSE, [], records)


def multicast(scene):
    """Have both on port 5353 too, before they start."""
    for node, address in ((scene.ann, scene.at_ann), (scene.ben, scene.at_ben)):
        mdns = Mdns(node.limits, Random(address[1]), node.peer.id, address[1], [address[0]])
        node.add(mdns, MDNS)
    return scene


def lie(scene, peer, address, ttl=120):
    data = announcement(peer, address, ttl)
    scene.world.inject(("10.6.6.6", 5353), scene.at_ann, data, MDNS)
