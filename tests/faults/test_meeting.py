"""Finding each other, where networks are as they are in homes."""

import pytest
from hosts import filters
from ledger import settle
from members import QUICK


def all_meet(*peers):
    """Wait until each has found every other."""
    for one in peers:
        for other in peers:
            if one is not other:
                one.found(other)


def test_desktops_and_boards_on_one_switch(world, desktop, board):
    lan = world.switch()
    hosts = [world.host(lan, f"10.1.0.{at}/24") for at in (1, 2, 3, 4)]
    peers = [
        desktop("a", hosts[0]).start(), desktop("b", hosts[1]).start(),
        board("c", hosts[2]).start(), board("d", hosts[3]).start(),
    ]  # fmt: skip
    all_meet(*peers)
    settle(*peers)


def test_a_router_that_drops_multicast(world, desktop, board):
    """One given address is enough: whoever is there tells whom it knows."""
    lan = world.switch()
    world.drop_multicast()
    hosts = [world.host(lan, f"10.1.0.{at}/24") for at in (1, 2, 3, 4)]
    given = {"peers": [{"address": "10.1.0.1"}]}
    hub = desktop("hub", hosts[0]).start()
    others = [
        desktop("b", hosts[1], **given).start(),
        board("c", hosts[2], **given).start(), board("d", hosts[3], **given).start(),
    ]  # fmt: skip
    all_meet(hub, *others)
    hows = {(a.name, b.name): a.found(b)["how"] for a in others for b in others if a is not b}
    assert set(hows.values()) <= {"peers", "asked us"}
    assert "peers" in hows.values()
    assert all(one.found(hub)["how"] == "given" for one in others)
    settle(hub, *others)


def test_another_subnet(world, desktop, board):
    """A router hands on no multicast. One address given in one peer's settings joins the two."""
    near, far = world.switch(), world.switch()
    world.router((near, "10.1.0.254/24"), (far, "10.2.0.254/24"))
    here = [world.host(near, f"10.1.0.{at}/24") for at in (1, 2)]
    there = [world.host(far, f"10.2.0.{at}/24") for at in (1, 2)]
    for host, via in [(host, "10.1.0.254") for host in here] + [
        (host, "10.2.0.254") for host in there
    ]:
        host.route(via)
    a, b = desktop("a", here[0]).start(), board("b", here[1]).start()
    c = desktop("c", there[0], peers=[{"address": "10.1.0.1"}]).start()
    d = board("d", there[1]).start()
    all_meet(a, b, c, d)
    assert c.found(a)["how"] == "given"
    assert c.found(b)["how"] in ("peers", "asked us")
    settle(a, b, c, d)


def test_a_desktop_gets_another_address(world, desktop, board):
    """It tells those who knew it: nobody else would ask or announce anything here."""
    lan = world.switch()
    world.drop_multicast()
    still = {"limits": QUICK | {"check_ms": 3_600_000}, "peers": [{"address": "10.1.0.1"}]}
    hosts = [world.host(lan, f"10.1.0.{at}/24") for at in (1, 2, 3)]
    a, b = (desktop(name, host, **still).start() for name, host in zip("ab", hosts, strict=False))
    c = board("c", hosts[2], **still).start()
    all_meet(a, b, c)
    hosts[1].move("10.1.0.2/24", "10.1.0.77/24")
    a.until_peer(
        b, lambda row: row["addresses"][:1] == ["10.1.0.77:5683"] and row["state"] == "up"
    )
    c.wait("found", peer=b.id)
    settle(a, b, c)


def test_a_board_gets_another_address(world, desktop, board):
    lan = world.switch()
    hosts = [world.host(lan, f"10.1.0.{at}/24") for at in (1, 2, 3)]
    a, b = (desktop(name, host).start() for name, host in zip("ab", hosts, strict=False))
    c = board("c", hosts[2]).start()
    all_meet(a, b, c)
    hosts[2].move("10.1.0.3/24", "10.1.0.77/24")
    for one in (a, b):
        one.until_peer(
            c, lambda row: row["addresses"][:1] == ["10.1.0.77:5683"] and row["state"] == "up"
        )
    assert c.wait("rejoined", address="10.1.0.77")
    settle(a, b, c)


def test_both_get_another_network_at_once(world, desktop, board):
    """The router starts anew and deals out another range: nobody has an address that it had."""
    lan = world.switch()
    hosts = [world.host(lan, f"10.1.0.{at}/24") for at in (1, 2, 3)]
    a, b = (desktop(name, host).start() for name, host in zip("ab", hosts, strict=False))
    c = board("c", hosts[2]).start()
    all_meet(a, b, c)
    for at, host in enumerate(hosts, 1):
        host.move(f"10.1.0.{at}/24", f"10.9.0.{at}/24")
    for one, other, where in (
        (a, b, "10.9.0.2"),
        (b, a, "10.9.0.1"),
        (a, c, "10.9.0.3"),
        (b, c, "10.9.0.3"),
    ):
        one.until_peer(
            other,
            lambda row, where=where: (
                row["addresses"][:1] == [f"{where}:5683"] and row["state"] == "up"
            ),
        )
    settle(a, b, c)


def test_ipv6_alone(world, desktop):
    """Link-local addresses carry the link's name: each host's own, also for what others tell."""
    lan = world.switch()
    world.drop_multicast()
    ends = ("lan0", "wlan0", "en1")
    hosts = [world.host(ipv6=True) for _ in ends]
    for host, end in zip(hosts, ends, strict=True):
        host.plug(lan, end=end)
    a = desktop("a", hosts[0]).start()
    at_a = hosts[0].link_local("lan0")
    b, c = (
        desktop(name, host, peers=[{"address": f"[{at_a}%{end}]:5683"}]).start()
        for name, host, end in zip("bc", hosts[1:], ends[1:], strict=True)
    )
    all_meet(a, b, c)
    for one, other, mine, theirs in ((b, c, ends[1], 2), (c, b, ends[2], 1)):
        address = f"[{hosts[theirs].link_local(ends[theirs])}%{mine}]:5683"
        assert one.found(other)["address"] == address
    assert "peers" in {b.found(c)["how"], c.found(b)["how"]}
    settle(a, b, c)


def test_ipv6_on_two_links(world, desktop):
    """Two neighbours with one and the same address, on two links: the scope tells them apart."""
    left, right = world.switch(), world.switch()
    hosts = [world.host(ipv6=True) for _ in range(3)]
    hosts[0].plug(left)
    hosts[1].plug(left)
    hosts[1].plug(right)
    hosts[2].plug(right)
    same = "fe80::77"
    for host in (hosts[0], hosts[2]):
        host.ip("address", "flush", "dev", "eth0", "scope", "link")
        host.ip("address", "add", f"{same}/64", "dev", "eth0")
    a, b, c = (desktop(name, host).start() for name, host in zip("abc", hosts, strict=True))
    for one, end in ((a, "eth0"), (c, "eth1")):
        assert b.found(one)["address"] == f"[{same}%{end}]:5683"
        one.found(b)
    settle(a, b, c)  # a and c hear of each other by b alone
    assert not a.events("found", peer=c.id)


@pytest.mark.parametrize("percent", [10, 30])
def test_packets_are_lost(world, desktop, board, percent):
    lan = world.switch()
    hosts = [world.host(lan, f"10.1.0.{at}/24") for at in (1, 2, 3, 4)]
    for host in hosts:
        host.loses(percent)
    a, b = (desktop(name, host).start() for name, host in zip("ab", hosts, strict=False))
    c, d = (board(name, host).start() for name, host in zip("cd", hosts[2:], strict=True))
    all_meet(a, b, c, d)
    settle(a, b, c, d)


def test_behind_a_router_that_translates_addresses(world, desktop, board):
    """Those behind it ask first; then both sides reach each other by the way that this opened."""
    outside, inside = world.switch(), world.switch()
    router = world.router((outside, "10.1.0.254/24"), (inside, "192.168.7.254/24"))
    filters(router, "ip", "postrouting", ["oifname eth0 masquerade"], kind="nat")
    a = desktop("a", world.host(outside, "10.1.0.1/24")).start()
    hosts = [world.host(inside, f"192.168.7.{at}/24") for at in (1, 2)]
    for host in hosts:
        host.route("192.168.7.254")
    given = {"peers": [{"address": "10.1.0.1"}]}
    b, c = desktop("b", hosts[0], **given).start(), board("c", hosts[1], **given).start()
    all_meet(a, b, c)
    assert a.found(b)["address"].startswith("10.1.0.254:")
    settle(a, b, c)
