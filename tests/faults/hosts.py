"""Hosts, switches and routers of a test's own, and what goes wrong between them.

Each host is a network namespace; switches are bridges in a namespace without any program in it, so
that a fault of the wire is none that a host could see on its own interface.
"""

import contextlib
import itertools
import json
import subprocess

import needs
from namespaces import Namespace, needs_root

PATIENCE = 20  # seconds that a program which sets something up may take
TABLE = "othermesh"
# of IPv6 only what finds peers: without neighbour discovery there is no IPv6 at all
MULTICAST = ("ip daddr 224.0.0.0/4 drop", "ip6 daddr ff02::fb drop")


def run(*words):
    """Run a program which must go well."""
    done = subprocess.run(
        list(map(str, words)), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def tool(name, package):
    """The path of a program; skip, and in CI fail, without it."""
    return needs.program(name) or needs.missing(f"no program `{name}` (package {package})")


class Host(Namespace):
    """One host: its interfaces are eth0, eth1, ... in the order of plug()."""

    def __init__(self, ipv6):
        super().__init__()
        self._ipv6 = ipv6
        self._ends = itertools.count()

    def __enter__(self):
        super().__enter__()
        # IPv6 is there at once where it is wanted: no time to look for duplicates
        for key, value in (("disable_ipv6", not self._ipv6), ("accept_dad", 0)):
            for which in ("all", "default"):
                self.sysctl(f"net.ipv6.conf.{which}.{key}", value)
        return self

    def ip(self, *words):
        """Run ip(8) there."""
        return run(needs_root(), "-n", self.name, *words)

    def sysctl(self, name, value):
        """Set a setting of the host's kernel."""
        run(*self.wrap, tool("sysctl", "procps"), "-qw", f"{name}={int(value)}")

    def plug(self, switch, address=None, end=None):
        """Join a switch; the name of the new interface."""
        end = end or f"eth{next(self._ends)}"
        switch.take(self, end)
        if address:
            self.ip("address", "add", address, "dev", end)
        return end

    def link_local(self, end):
        """The IPv6 address that an interface has by itself."""
        told = json.loads(self.ip("-json", "-6", "address", "show", "dev", end, "scope", "link"))
        return told[0]["addr_info"][0]["local"]

    def move(self, old, new, end="eth0", via=None):
        """Have another address, as when a lease ended."""
        self.ip("address", "delete", old, "dev", end)
        self.ip("address", "add", new, "dev", end)
        if via:
            self.ip("route", "add", "default", "via", via)

    def route(self, via):
        """Send what is for other networks to a router."""
        self.ip("route", "add", "default", "via", via)

    def forwards(self):
        """Be a router. Multicast stays where it is, as with any that is not told otherwise."""
        self.sysctl("net.ipv4.ip_forward", True)

    def loses(self, percent):
        """Lose that share of what comes in, by chance."""
        rule = f"iifname != lo numgen random mod 100 < {percent} drop"
        filters(self, "inet", "input", [rule] if percent else [])


class Switch:
    """One network: all who are plugged in hear each other, until it is told otherwise."""

    def __init__(self, wire, name):
        self._wire = wire
        self.name = name
        self._ports = itertools.count()
        wire.ip("link", "add", name, "type", "bridge", "mcast_snooping", 0)
        wire.ip("link", "set", name, "up")

    def take(self, host, end):
        """Plug a host in with an interface of that name."""
        port = f"{self.name}p{next(self._ports)}"
        self._wire.ip("link", "add", port, "type", "veth",
                      "peer", "name", end, "netns", host.name)  # fmt: skip
        self._wire.ip("link", "set", port, "master", self.name, "up")
        host.ip("link", "set", end, "up")

    def join(self, other):
        """A cable from here to another switch, which can be cut."""
        near, far = f"{self.name}{other.name}", f"{other.name}{self.name}"
        self._wire.ip("link", "add", near, "type", "veth", "peer", "name", far)
        self._wire.ip("link", "set", near, "master", self.name, "up")
        self._wire.ip("link", "set", far, "master", other.name, "up")
        return Cable(self._wire, near)


class Cable:
    """What joins two switches. Whoever hangs on either sees nothing of a cut but silence."""

    def __init__(self, wire, end):
        self._wire = wire
        self._end = end

    def cut(self):
        """Nothing goes through any more."""
        self._wire.ip("link", "set", self._end, "down")

    def heal(self):
        """All goes through again."""
        self._wire.ip("link", "set", self._end, "up")


def filters(host, family, hook, rules, kind="filter"):
    """Have these rules at a hook of nft(8) there, and none but these."""
    nft = tool("nft", "nftables")
    chain = f"{{ type {kind} hook {hook} priority 0; }}"
    lines = [f"add table {family} {TABLE}", f"delete table {family} {TABLE}"]
    lines += [f"add table {family} {TABLE}", f"add chain {family} {TABLE} c {chain}"]
    lines += [f"add rule {family} {TABLE} c {rule}" for rule in rules]
    run(*host.wrap, nft, "; ".join(lines))


class World:
    """All of it: world.switch(), world.host(). A context manager."""

    def __init__(self):
        self._stack = contextlib.ExitStack()
        self._names = (f"s{number}" for number in itertools.count())

    def __enter__(self):
        self._wire = self._stack.enter_context(Host(ipv6=False))
        return self

    def __exit__(self, *_):
        self._stack.close()

    def switch(self):
        """One more network."""
        return Switch(self._wire, next(self._names))

    def host(self, switch=None, address=None, ipv6=False):
        """One more host."""
        host = self._stack.enter_context(Host(ipv6))
        if switch is not None:
            host.plug(switch, address)
        return host

    def router(self, *legs):
        """A host in several networks that hands on what is for another one: (switch, address)."""
        host = self.host()
        for switch, address in legs:
            host.plug(switch, address)
        host.forwards()
        return host

    def container(self, host):
        """A host behind a bridge of another one, with the addresses that docker gives to both."""
        inside = self.host(ipv6=True)
        host.ip("link", "add", "docker0", "type", "bridge", "mcast_snooping", 0)
        host.ip("link", "add", "veth0", "type", "veth", "peer", "name", "eth0",
                "netns", inside.name)  # fmt: skip
        host.ip("link", "set", "veth0", "master", "docker0", "up")
        host.ip("address", "add", "172.17.0.1/16", "dev", "docker0")
        host.ip("link", "set", "docker0", "up")
        inside.ip("address", "add", "172.17.0.2/16", "dev", "eth0")
        inside.ip("link", "set", "eth0", "up")
        return inside

    def drop_multicast(self):
        """From now on switches hand on no multicast, as some Wi-Fi routers do."""
        filters(self._wire, "bridge", "forward", MULTICAST)
