"""The doctor: what it concludes, from real datagrams on loopback and from files that are wrong."""

import asyncio
import contextlib
import os
import socket

import pytest

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.hub import machine_clock
from mesh.hub.doctor import diagnosis, probes
from mesh.hub.doctor import multicast as doctor_multicast
from mesh.hub.doctor.diagnosis import FAIL, OK, WARN
from mesh.hub.doctor.probes import GROUP, MDNS, Hearing
from mesh.hub.failure import SETUP, Failure
from mesh.hub.home.home import Home
from mesh.hub.net.interfaces import Local

LOOPBACK = "127.0.0.1"
WINDOW_S = 0.3


def hearing(**found):
    made = Hearing("wlan0", "192.0.2.7")
    made.echoes = {MDNS[0], GROUP[0]}
    for name, value in found.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("heard", "state", "words"),
    [
        (hearing(error="No such device"), FAIL, "cannot be sent"),
        (hearing(echoes=set()), FAIL, "own echo"),
        (hearing(echoes={MDNS[0]}), FAIL, GROUP[0]),
        (hearing(), WARN, "nobody else's"),
        (hearing(mdns={"192.0.2.1"}), OK, "no peer answered"),
        (hearing(mdns={"192.0.2.1"}, peers={"192.0.2.9"}), OK, "peers answered: 192.0.2.9"),
        (hearing(peers={f"192.0.2.{n}" for n in range(9)}), OK, "and 4 more"),
    ],
)
def test_filtered_is_told_apart_from_nobody_there(heard, state, words):
    finding = doctor_multicast.judge(heard)
    assert finding.state == state
    assert words in finding.seen
    assert finding.todo or state == OK


def test_a_computer_with_ipv6_alone_is_told_about_boards(monkeypatch):
    monkeypatch.setattr(probes, "interfaces", lambda _: [])
    monkeypatch.setattr(
        doctor_multicast,
        "local_addresses",
        lambda: [Local("::1", 1, 128), Local("fe80::7%wlan0", 2, 64)],
    )
    (finding,) = asyncio.run(doctor_multicast.multicast(None, WINDOW_S))
    assert (finding.state, finding.seen) == (WARN, "IPv6 alone: fe80::7%wlan0")
    assert "layer ipv6" in finding.todo
    assert "ESP32 needs IPv4" in finding.todo
    monkeypatch.setattr(doctor_multicast, "local_addresses", lambda: [Local("::1", 1, 128)])
    (finding,) = asyncio.run(doctor_multicast.multicast(None, WINDOW_S))
    assert (finding.state, finding.seen) == (FAIL, "no network interface is up")


def test_own_echo_is_heard_by_real_datagrams():
    heard = asyncio.run(probes.listen("lo", LOOPBACK, WINDOW_S))
    assert heard.error is None
    assert heard.echoes == {MDNS[0], GROUP[0]}


class Neighbour(asyncio.DatagramProtocol):
    """Somebody of the mesh who answers the group."""

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        with contextlib.suppress(Exception):
            asked = coap.parse(data)
            answer = coap.Message(
                codes.CONTENT, b'</peer>;rt="othermesh.peer"', coap.NON, 1, asked.token
            )
            self.transport.sendto(coap.build(answer), addr)


def test_a_peer_that_answers_the_group_is_heard():
    async def scenario():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        probes.share(sock)
        sock.bind(GROUP)
        member = socket.inet_aton(GROUP[0]) + socket.inet_aton(LOOPBACK)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Neighbour, sock=sock)
        try:
            return await probes.listen("lo", LOOPBACK, WINDOW_S)
        finally:
            transport.close()

    assert LOOPBACK in asyncio.run(scenario()).peers


def test_an_interface_that_is_not_there_is_an_error_and_no_crash():
    heard = asyncio.run(probes.listen("gone0", "192.0.2.77", WINDOW_S))
    assert heard.error
    [finding] = asyncio.run(diagnosis.multicast("gone0", WINDOW_S))
    assert finding.state == FAIL
    assert "gone0" in finding.seen


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\x50",
        b"\x45",
        b"\x00" * 12,
        b"\xff" * 40,
        b"\x58\x45\x00\x01\xff",
        bytes(range(200)),
    ],
)
def test_whatever_comes_is_sorted_in(data):
    heard = hearing()
    heard.note(data, ("192.0.2.1", 4444))
    assert heard.peers == set()


def test_what_this_computer_sends_itself_says_nothing_of_the_network():
    heard = hearing()
    heard.note(b"\x00" * 12, ("192.0.2.7", MDNS[1]))
    assert heard.mdns == set()
    heard.note(b"\x00" * 12, ("192.0.2.1", MDNS[1]))
    assert heard.mdns == {"192.0.2.1"}


def test_a_dns_reply_of_a_peer_is_recognised():
    name = b"\x03abc" + probes.SERVICE
    reply = (
        b"\x12\x34\x84\x00\x00\x00\x00\x01\x00\x00\x00\x00" + name + b"\x00\x10\x00\x01" + bytes(6)
    )
    heard = hearing()
    heard.note(reply, ("192.0.2.1", MDNS[1]))
    assert heard.peers == {"192.0.2.1"}


def test_a_flood_of_hosts_is_bounded():
    heard = hearing()
    for n in range(10_000):
        heard.note(b"\x00" * 12, (f"10.0.{n >> 8}.{n & 255}", MDNS[1]))
    assert len(heard.mdns) == probes.MOST_HOSTS


async def examined(home):
    found = {}
    try:
        async for finding in diagnosis.examine(home, LOOPBACK, WINDOW_S):
            found[finding["what"]] = finding
    except Failure as failure:
        return found, failure
    return found, None


def test_a_good_home_passes(tmp_path):
    with Home(tmp_path / "home"):
        pass
    found, failure = asyncio.run(examined(tmp_path / "home"))
    assert failure is None
    assert found["identity"]["state"] == OK
    assert found["running peer"]["state"] == OK
    assert found["settings"]["state"] == OK
    assert {one["state"] for one in found.values()} <= {OK, WARN}
    assert all(one["todo"] for one in found.values() if one["state"] != OK)


def test_no_home_yet_is_no_fault(tmp_path):
    found, failure = asyncio.run(examined(tmp_path / "none"))
    assert failure is None
    assert "mesh up" in found["identity"]["todo"]


def test_a_key_that_others_can_read_must_be_put_right(tmp_path):
    with Home(tmp_path) as home:
        home.key_file.chmod(0o644)
    found, failure = asyncio.run(examined(tmp_path))
    assert found["identity"]["state"] == FAIL
    assert "chmod 600" in found["identity"]["todo"]
    assert failure.exit_code == SETUP


def test_settings_are_pointed_at(tmp_path):
    with Home(tmp_path) as home:
        home.settings_file.write_text("name = 'hall'\nport = 'x'\n")
    found, failure = asyncio.run(examined(tmp_path))
    assert found["settings"]["state"] == FAIL
    assert "line 2" in found["settings"]["seen"]
    assert failure.exit_code == SETUP


def test_who_holds_the_identity_is_named(tmp_path):
    with Home(tmp_path):
        found, _ = asyncio.run(examined(tmp_path))
    assert found["running peer"]["state"] == WARN
    assert str(os.getpid()) in found["running peer"]["seen"]


def test_a_taken_port_is_told_with_its_user(tmp_path, monkeypatch):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", 0))
        port = taken.getsockname()[1]
        monkeypatch.setattr(diagnosis, "PORT", port)
        monkeypatch.setattr(diagnosis, "MDNS", (MDNS[0], port))
        coap_port, mdns_port = diagnosis.ports(Home(tmp_path))
        assert coap_port.state == mdns_port.state == WARN
        assert f"process {os.getpid()}" in coap_port.seen
        probes.share(taken)
    monkeypatch.setattr(diagnosis, "PORT", port)
    assert diagnosis.ports(Home(tmp_path))[0].seen == "free"


def test_a_shared_port_is_well(tmp_path, monkeypatch):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as shared:
        probes.share(shared)
        shared.bind(("", 0))
        monkeypatch.setattr(diagnosis, "MDNS", (MDNS[0], shared.getsockname()[1]))
        assert diagnosis.ports(Home(tmp_path))[1].seen.startswith("shared with")


def test_a_clock_in_the_past_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(diagnosis, "LONG_AGO", 1 << 40)
    [finding] = diagnosis.clock(Home(tmp_path))
    assert finding.state == FAIL


@pytest.mark.parametrize(("answer", "state"), [(True, OK), (False, WARN), (None, OK)])
def test_a_clock_that_nobody_keeps_is_warned_of(tmp_path, monkeypatch, answer, state):
    monkeypatch.setattr(machine_clock, "is_synchronised", lambda: answer)
    [finding] = diagnosis.clock(Home(tmp_path))
    assert finding.state == state


def test_missing_tools_say_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setattr(diagnosis, "_program", lambda name: None)
    _, boards = diagnosis.interpreter(Home(tmp_path))
    assert boards.state == WARN
    assert "pip install" in boards.todo


def test_peers_that_disagree_about_the_time_are_warned_of(tmp_path, monkeypatch):
    async def found(doubt):
        async def call(path, op, args):
            assert op == "clock"
            yield {"quality": 1, "doubt": doubt}

        monkeypatch.setattr(diagnosis.control, "runs", lambda path: True)
        monkeypatch.setattr(diagnosis.control, "call", call)
        return await diagnosis.voters(Home(tmp_path))

    assert asyncio.run(found(0)) == []
    [finding] = asyncio.run(found(3))
    assert finding.state == WARN
    assert finding.seen.startswith("3 peers")
    monkeypatch.undo()
    assert asyncio.run(diagnosis.voters(Home(tmp_path))) == []
