"""Hosts with several interfaces: a link is told what is valid there (RFC 6762 s.6.2)."""

from hosts import filters, run, tool
from members import host_name

A, AAAA = 1, 28
DOCKER = "172.17.0.1"


def packets(host):
    """How many packets the one rule of a host has counted."""
    told = run(*host.wrap, tool("nft", "nftables"), "list", "ruleset")
    return int(told.partition("counter packets ")[2].split()[0])


def test_docker_on_both_sides(world, desktop, board, ears):
    """Both have 172.17.0.1, on a bridge of their own: neither tells the other, nor asks itself."""
    lan = world.switch()
    hosts = [world.host(lan, f"10.1.0.{at}/24", ipv6=True) for at in (1, 2, 3, 4)]
    insides = [world.container(host) for host in hosts[:2]]
    for host in hosts[:2]:
        filters(host, "ip", "output", [f"ip daddr {DOCKER} counter"])
    outside = ears(hosts[2], "10.1.0.3")
    inside = ears(insides[0], "172.17.0.2")
    a, b = (desktop(name, host).start() for name, host in zip("ab", hosts, strict=False))
    c = board("c", hosts[3]).start()
    for one, other, at in ((a, b, 2), (b, a, 1), (c, a, 1), (c, b, 2)):
        assert one.found(other)["address"] == f"10.1.0.{at}:5683"
    for one, at in ((a, 1), (b, 2)):
        asked = {"of": host_name(one), "ttl": lambda seconds: seconds > 0}
        for how in ("multicast IPv4", "unicast IPv4", "multicast IPv6", "unicast IPv6"):
            for kind in (A, AAAA):
                outside.wait("record", by=how, type=kind, **asked)
        own = one.host.link_local("eth0")
        assert outside.addresses(one) == {f"10.1.0.{at}", own}
    for how in ("multicast IPv4", "unicast IPv4"):
        inside.wait("record", by=how, type=A, of=host_name(a))
    assert DOCKER in inside.addresses(a)
    assert not inside.addresses(a) & {"10.1.0.1", a.host.link_local("eth0")}
    rows = [a.until_peer(b, bool), b.until_peer(a, bool)]
    assert not [address for row in rows for address in row["addresses"] if DOCKER in address]
    assert [packets(host) for host in hosts[:2]] == [0, 0]
    for one in (a, b):
        one.stop()
        outside.wait("record", of=host_name(one), ttl=0)
    assert DOCKER not in outside.addresses(a) | outside.addresses(b)
    assert not [
        line for one in (a, b) for line in one.lines if "refused" in line or "zeroconf" in line
    ]


def test_two_interfaces_on_one_link(world, desktop, ears):
    """As with Wi-Fi and a cable at one router: no interface says goodbye for the other."""
    lan = world.switch()
    one = world.host(lan, "10.1.0.1/24", ipv6=True)
    one.plug(lan, "10.1.0.11/24")
    a = desktop("a", one)
    b = desktop("b", world.host(lan, "10.1.0.2/24", ipv6=True)).start()
    link = ears(world.host(lan, "10.1.0.3/24", ipv6=True), "10.1.0.3")
    a.start()
    a.found(b)
    b.found(a)
    for address in ("10.1.0.1", "10.1.0.11"):
        link.wait("record", of=host_name(a), address=address)
    one.ip("address", "flush", "dev", "eth1")
    one.ip("address", "add", "10.1.0.12/24", "dev", "eth0")
    link.wait("record", of=host_name(a), address="10.1.0.12")
    assert not link.events("record", ttl=0)
    assert not b.events("lost")
    a.stop()
    link.wait("record", of=host_name(a), ttl=0)
    assert not [line for line in a.lines if "zeroconf" in line]


def test_an_interface_comes_and_goes(world, desktop, ears):
    near, far = world.switch(), world.switch()
    one = world.host(near, "10.1.0.1/24", ipv6=True)
    here = ears(world.host(near, "10.1.0.3/24", ipv6=True), "10.1.0.3")
    there = ears(world.host(far, "10.2.0.3/24", ipv6=True), "10.2.0.3")
    a = desktop("a", one).start()
    b = desktop("b", world.host(far, "10.2.0.2/24", ipv6=True)).start()
    one.plug(far, "10.2.0.1/24", end="usb0")
    b.found(a, address="10.2.0.1:5683")
    a.found(b, address="10.2.0.2:5683")
    one.ip("link", "delete", "usb0")
    b.lost(a)
    again = there.mark()
    one.plug(far, "10.2.0.9/24", end="usb1")
    b.until_peer(a, lambda row: row["addresses"][:1] == ["10.2.0.9:5683"] and row["state"] == "up")
    there.wait("record", again, of=host_name(a), address="10.2.0.9")
    assert not there.addresses(a) & {"10.1.0.1", one.link_local("eth0")}
    assert not {"10.2.0.1", "10.2.0.9", one.link_local("usb1")} & here.addresses(a)
    assert a.stop() == 0
    assert not [line for line in a.lines if "zeroconf" in line]
