"""All checks of `mesh doctor`: what may keep a peer from working here, and what to do."""

import importlib.util
import os
import shutil
import socket
import sys
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from mesh.core import peer_id as ids
from mesh.core.errors import MeshError
from mesh.core.limits import Limits
from mesh.hub import extras, machine_clock
from mesh.hub.desktop_limits import DESKTOP
from mesh.hub.doctor import probes, processes
from mesh.hub.doctor.multicast import multicast
from mesh.hub.doctor.probes import GROUP, MDNS
from mesh.hub.doctor.result import FAIL, OK, WARN, Finding
from mesh.hub.failure import SETUP, Failure
from mesh.hub.home.home import Home
from mesh.hub.net.interfaces import COAP_PORT
from mesh.hub.operations import control, starting
from mesh.hub.store.floor import Floor

LISTEN_S = 2.0  # four times the leisure of group answers
LONG_AGO = 1_750_000_000  # Unix time before which a clock must be wrong, as this program is newer
PORT = GROUP[1]
OTHERS = 0o077
TOOLS = {
    "micropython": "runs boards without hardware",
    "mpy-cross": "compiles for boards",
    "mpremote": "copies files to boards",
    "esptool": "flashes ESP32 boards",
}
FIREWALLS = ("nft", "iptables", "ufw", "firewall-cmd")
SYSTEM_FOLDERS = ("/usr/sbin", "/sbin", "/usr/local/sbin")


async def examine(
    folder: Path | None, interface: str | None, listen_s: float
) -> AsyncGenerator[dict[str, str], None]:
    """Yield all findings. Failure at the end if something is broken."""
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
        boards = Finding(
            boards.what, WARN, seen, f"only if you want boards: {needs}: {extras.BOARDS}"
        )
    return [Finding("interpreter", OK, f"Python {version}, {uvloop} uvloop"), boards]


def _program(name: str) -> str | None:
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join([beside, os.environ.get("PATH", ""), *SYSTEM_FOLDERS])
    return shutil.which(name, path=path)


def clock(home: Home) -> list[Finding]:
    """Whether the time is plausible, and kept synchronised."""
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
    """Whether the peers agree from which the running peer takes the time, if it does."""
    if not control.runs(home.control):
        return []
    [held] = [one async for one in control.call(home.control, "clock", {})]
    if not held["doubt"]:
        return []
    seen = f"{held['doubt']} peers whose word counts tell the time, and no more than half agree"
    todo = "look at their clocks (mesh show NAME); until then this peer believes none of them"
    return [Finding("time from peers", WARN, seen, todo)]


def identity(home: Home) -> list[Finding]:
    """The folder with the key: existing, readable, private, and by whom it is used."""
    if not home.path.exists():
        return [Finding("identity", OK, f"none yet in {home.path}", "`mesh up` makes one")]
    try:
        home.look()
        peer = home.peer_id()
    except MeshError as error:
        return [Finding("identity", FAIL, error.detail, error.help or "nothing was changed")]
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
    name = processes.name(holder)
    seen = f"process {holder} ({name}) holds the identity, but does not answer commands"
    return Finding("running peer", WARN, seen, "if it should not: end that process")


def settings(home: Home) -> list[Finding]:
    """Whether the settings are valid."""
    try:
        home.profile()
    except MeshError as error:
        todo = error.help or "put that right; docs/settings.md tells all keys"
        return [Finding("settings", FAIL, error.detail, todo)]
    there = home.settings_file.exists()
    return [Finding("settings", OK, f"{home.settings_file}{'' if there else ': none, defaults'}")]


def starts(home: Home) -> list[Finding]:
    """What else would prevent `mesh up`, and what is in the store."""
    found = []
    for what, seen in starting.look(home).items():
        if isinstance(seen, MeshError):
            found.append(Finding(what, FAIL, seen.detail, seen.help or "`mesh up` needs it"))
        elif what != "commands":  # a path that is right is not worth a line
            found.append(Finding(what, OK, seen))
    return found


def disk(home: Home) -> list[Finding]:
    """Whether there is room for entries of others."""
    try:
        profile = home.profile()
    except MeshError:
        return []  # reported by settings()
    limits = Limits(**(DESKTOP | profile.limits))
    folder = next(path for path in (home.path, *home.path.parents) if path.exists())
    if not os.access(folder, os.W_OK):
        todo = "is its disk read-only, or full of errors (dmesg)? else see whose it is: ls -ld"
        return [Finding("disk", FAIL, f"nothing can be written to {folder}", todo)]
    floor = Floor(folder, limits.free_mb)
    why = floor.look()
    if why:
        todo = "make room; or lower free_mb in limits, in the settings"
        return [Finding("disk", WARN, why, todo)]
    megabytes = floor.free // 1_000_000
    return [Finding("disk", OK, f"{megabytes} MB are free, more than {floor.bytes // 1_000_000}")]


def ports(home: Home) -> list[Finding]:
    """Which programs have the ports of CoAP and mDNS."""
    return [_coap_port(home), _mdns_port()]


def _coap_port(home: Home) -> Finding:
    try:
        wanted = home.profile().port
    except MeshError:
        wanted = COAP_PORT  # reported by settings()
    port = PORT if wanted == COAP_PORT else wanted
    what = f"port {port} (CoAP)"
    if not port:
        return Finding("port (CoAP)", OK, "any free one, as the settings say")
    if _can_bind(port, shared=False):
        return Finding(what, OK, "free")
    users = processes.of_port(port)
    if control.runs(home.control):
        told = processes.listed(users)
        return Finding(what, OK, f"in use by {told}, and a peer of this home runs")
    if users and all(user.peer for user in users):
        seen = f"{processes.listed(users)} of this computer has it; a peer here takes another"
        return Finding(what, OK, seen)
    todo = f"nothing: a peer takes another port; end that program to be found at {port}"
    return Finding(what, WARN, f"taken by {processes.listed(users)}", todo)


def _mdns_port() -> Finding:
    what = f"port {MDNS[1]} (mDNS)"
    if _can_bind(MDNS[1], shared=False):
        return Finding(what, OK, "free")
    users = processes.listed(processes.of_port(MDNS[1]))
    if _can_bind(MDNS[1], shared=True):
        return Finding(what, OK, f"shared with {users}")
    todo = "peers are still found in other ways; end that program for all of DNS-SD"
    return Finding(what, WARN, f"taken by {users}, which does not share it", todo)


def _can_bind(port: int, *, shared: bool) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        if shared:
            probes.share(sock)
        try:
            sock.bind(("", port))
        except OSError:
            return False
    return True


def firewalls(home: Home) -> list[Finding]:
    """Which firewalls may be active. Their rules are not read."""
    there = [name for name in FIREWALLS if _program(name)]
    seen = f"{', '.join(there)} installed; rules not read" if there else "none installed"
    needed = f"if nobody is found: let in UDP {PORT}, UDP {MDNS[1]}, and {GROUP[0]}, {MDNS[0]}"
    return [Finding("firewall", OK, seen, needed if there else "")]


CHECKS: tuple[Callable[[Home], list[Finding]], ...] = (
    interpreter, clock, identity, settings, starts, disk, ports, firewalls,
)  # fmt: skip
