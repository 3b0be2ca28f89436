"""Multicast check: whether multicast works, interface by interface."""

import asyncio

from mesh.hub.doctor import probes
from mesh.hub.doctor.probes import GROUP, MDNS, Hearing
from mesh.hub.doctor.result import FAIL, OK, WARN, Finding
from mesh.hub.net import link_kinds
from mesh.hub.net.interfaces import local_addresses

SHOWN = 5  # hosts that are shown
NO_MULTICAST = {
    link_kinds.POINT: "none to be expected: a tunnel, or a line with one other end",
    link_kinds.MUTE: "none to be expected: this interface has none",
}
BOARDS = (
    "desktops are found as ever, a Pico W whose settings have the layer ipv6; an ESP32 needs IPv4 "
    "(docs/networks.md, IPv6)"
)


async def multicast(wanted: str | None, listen_s: float) -> list[Finding]:
    """Whether multicast is received, on all interfaces at the same time."""
    chosen = probes.interfaces(wanted)
    if not chosen and wanted is None and (hosts := _only_ipv6()):
        return [Finding("multicast", WARN, f"IPv6 alone: {_some(hosts)}", BOARDS)]
    if not chosen:
        seen = f"no interface '{wanted}' is up" if wanted else "no network interface is up"
        return [Finding("multicast", FAIL, seen, "connect this computer to a network")]
    hearings = await asyncio.gather(*(probes.listen(*one, listen_s) for one in chosen))
    return [judge(hearing, link_kinds.kind(hearing.interface)) for hearing in hearings]


def _only_ipv6() -> set[str]:
    """The addresses of a computer that is on a network and has no IPv4 address."""
    return {one.host for one in local_addresses() if one.is_v6 and not one.is_loopback}


def judge(hearing: Hearing, kind: str = link_kinds.REAL) -> Finding:
    """The finding from echoes, other mDNS traffic and peers that answered, on an interface of a
    kind (mesh.hub.net.link_kinds).
    """
    what = f"multicast on {hearing.interface}"
    where = f"from {hearing.address}"
    if kind in NO_MULTICAST and not hearing.peers:
        return Finding(what, OK, NO_MULTICAST[kind], "peers there need addresses by hand")
    if hearing.error:
        todo = "does this interface have multicast (ip link)? else give peers' addresses by hand"
        return Finding(what, FAIL, f"cannot be sent {where}: {hearing.error}", todo)
    deaf = sorted({MDNS[0], GROUP[0]} - hearing.echoes)
    if deaf:
        todo = "multicast is filtered on this computer: let it in by the firewall (see above)"
        return Finding(what, FAIL, f"own echo {where} to {', '.join(deaf)} is not heard", todo)
    if hearing.peers:
        return Finding(what, OK, f"heard; peers answered: {_some(hearing.peers)}")
    if hearing.mdns:
        seen = f"heard, from {_some(hearing.mdns)} too; no peer answered"
        return Finding(what, OK, seen, "multicast works: no peer is there now")
    return _alone(what, kind)


def _alone(what: str, kind: str) -> Finding:
    if kind == link_kinds.INNER:
        seen = "heard; nobody else is there: a network of containers or virtual machines in here"
        return Finding(what, OK, seen)
    return Finding(
        what,
        WARN,
        "own echo is heard, but nobody else's",
        "nobody is there, or the network filters multicast (guest Wi-Fi, client isolation, IGMP "
        "snooping): another device with mDNS in it would tell; else give addresses by hand",
    )


def _some(hosts: set[str]) -> str:
    shown = sorted(hosts)[:SHOWN]
    return ", ".join(shown) + (f" and {len(hosts) - SHOWN} more" if len(hosts) > SHOWN else "")
