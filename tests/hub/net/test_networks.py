"""Desktop peers as on hosts of their own: network namespaces, joined by a pretend cable."""

import contextlib
import json
import select
import subprocess
import sys
from pathlib import Path

import needs
import pytest
from namespaces import Namespace, needs_root

CHILD = Path(__file__).parents[1] / "peer_child.py"
LIMIT_S = 30


class Child:
    """A peer in a namespace."""

    def __init__(self, namespace, home, **settings):
        command = [*namespace.wrap, sys.executable, str(CHILD), str(home), json.dumps(settings)]
        self._process = subprocess.Popen(
            command,
            cwd=needs.ROOT,
            env={"PYTHONPATH": str(needs.ROOT), "PATH": "/usr/bin:/bin"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self):
        self.first = self.line()
        return self

    def __exit__(self, *_):
        try:
            self._process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise

    def line(self):
        """What it says next."""
        ready, _, _ = select.select([self._process.stdout], [], [], LIMIT_S)
        assert ready, "it says nothing"
        return json.loads(self._process.stdout.readline() or '"it has ended"')

    def finds(self, other):
        """What it says when it has found another."""
        while (line := self.line()).get("found") != other.first["id"]:
            pass
        return line


def ip(*words):
    subprocess.run([needs_root(), *words], check=True)


@pytest.fixture
def cable():
    """Two hosts with one cable between them, without IPv4; `ends` are their interfaces."""
    with Namespace() as left, Namespace() as right:
        left.end, right.end = "left0", "right0"
        ip("link", "add", "left0", "netns", left.name, "type", "veth",
           "peer", "name", "right0", "netns", right.name)  # fmt: skip
        yield left, right


def up(host, ipv6):
    sysctl = needs.program("sysctl") or needs.missing("no program `sysctl` (package procps)")
    for key, value in (("disable_ipv6", not ipv6), ("accept_dad", 0)):
        name = f"net.ipv6.conf.{host.end}.{key}={int(value)}"
        subprocess.run([*host.wrap, sysctl, "-qw", name], check=True)
    ip("-n", host.name, "link", "set", host.end, "up")


def test_link_local_addresses_are_enough(cable, tmp_path):
    left, right = cable
    for host in cable:
        up(host, ipv6=True)
    with Child(left, tmp_path / "left") as one, Child(right, tmp_path / "right") as two:
        lines = [one.finds(two), two.finds(one)]
    for line, other, end in ((*lines, "left0"), (*reversed(lines), "right0")):
        host, port = line["address"]
        assert line["code"] == 0x45
        assert host.startswith("fe80::")
        assert host.endswith(f"%{end}")
        assert [host.partition("%")[0], port] in [
            [there.partition("%")[0], at] for there, at in other["now_at"]
        ]


def test_an_interface_that_comes_later_is_used(cable, tmp_path):
    left, right = cable
    with Child(left, tmp_path / "left") as one, Child(right, tmp_path / "right") as two:
        assert {host for host, _ in one.first["addresses"]} == {"127.0.0.1", "::1"}
        for number, host in enumerate(cable, 1):
            up(host, ipv6=False)
            ip("-n", host.name, "address", "add", f"10.77.0.{number}/24", "dev", host.end)
        line = one.finds(two)
        assert line["address"] == ["10.77.0.2", 5683]
        assert line["code"] == 0x45
        assert line["now_at"] == [["10.77.0.1", 5683]]
        assert two.finds(one)["code"] == 0x45


def test_port_5353_of_another_program(tmp_path):
    with Namespace() as host, contextlib.ExitStack() as stack:
        host.take_5353()
        host.add_address("10.77.1.1/24")
        ip("-n", host.name, "route", "add", "default", "dev", "lo")
        one = stack.enter_context(Child(host, tmp_path / "one"))
        two = stack.enter_context(Child(host, tmp_path / "two"))
        assert one.first["active"] == ["query", "group", "peers"]
        assert "another program keeps it" in one.first["layers"]["dns-sd"]
        assert one.finds(two)["how"] in ("group", "asked us")
        assert two.finds(one)["code"] == 0x45


def test_the_group_port_of_another_program(tmp_path):
    """A program that has 5683 for itself leaves us another port, and the other layers."""
    holder = (
        "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
        "s.bind(('0.0.0.0', 5683)); print('bound', flush=True); sys.stdin.read()"
    )
    with Namespace() as host:
        process = subprocess.Popen(
            [*host.wrap, sys.executable, "-c", holder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdout.readline() == b"bound\n"
        ip("-n", host.name, "route", "add", "default", "dev", "lo")
        with Child(host, tmp_path / "one") as one, Child(host, tmp_path / "two") as two:
            assert all(port != 5683 for _, port in one.first["addresses"])
            assert "does not hear others ask" in one.first["layers"]["group"]
            assert one.finds(two)["code"] == 0x45
        process.communicate(timeout=LIMIT_S)
