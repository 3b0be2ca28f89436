"""IPv6 of a board: between a virtual board and a desktop's peer on loopback, and by stand-ins."""

import pytest
from desk import Desk
from radio import RADIO

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.events import PeerFound, Reading

SIX = {"discovery": {"layers": ["ipv6"], "interface": "127.0.0.1"}}


@pytest.fixture
def desk6():
    """A desktop's peer that has IPv6 alone, and follows everybody."""
    with Desk("::1", follow="*") as one:
        yield one


def test_a_desktop_reads_a_board_by_ipv6(board, desk6):
    with board(**SIX, sensors={"heap": {"every_s": 1}}) as one:
        joined = one.wait("joined")
        port = joined["address"].rpartition(":")[2]
        peer = desk6.meet({"id": joined["id"], "address": f"::1:{port}"})
        assert desk6.until(lambda: desk6.of(Reading), "readings that it follows")
        answer = desk6.ask(peer, coap.GET, "sensors", "heap")
        assert (answer.signed, answer.code) == (True, codes.CONTENT)
        assert desk6.node.contacts.get(peer).address == ("::1", int(port))
        assert not one.events("fault")


def test_a_board_finds_a_desktop_by_ipv6(board, desk6):
    place = f"[::1]:{desk6.address[1]}"
    with board(**SIX, peers=[{"id": desk6.id, "address": place}]) as one:
        joined = one.wait("joined")
        desk6.until(lambda: one.events("found"), "the board to find it")
        found = desk6.until(lambda: desk6.of(PeerFound), "the board")[0]
        assert found.address[0] == "::1"
        assert desk6.met(joined["id"])
        told = one.events("found")[0]
        assert (told["peer"], told["address"]) == (desk6.id, place)


def test_a_board_that_was_not_told_to_has_no_ipv6(board, desk6):
    """It costs heap, so only whose settings name it loads it."""
    place = f"[::1]:{desk6.address[1]}"
    with board(peers=[{"id": desk6.id, "address": place}]) as one:
        one.wait("joined")
        desk6.rest(3000)
        assert not desk6.of(PeerFound)
        assert not one.events("fault")


LINK = (
    RADIO
    + """
from mesh.device import ipv6, sockets
ipv6.UNIX = sockets.UNIX = False


class Sock:
    log = []

    def __init__(self, *_):
        pass

    def setblocking(self, on):
        pass

    def bind(self, address):
        self.log.append(address)

    def sendto(self, data, address):
        self.log.append(address)

    def recvfrom(self, size, flags=0):
        return b"x", ("FE80::2ACD:C1FF:FE00:21", 5683)


class Module:
    AF_INET6, SOCK_DGRAM = 10, 2
    socket = Sock


ipv6.socket = Module
six = ipv6.Socket6(5683, 1024)
"""
)


def test_a_picos_addresses_have_the_link_that_it_does_not_name(there):
    told = there(
        LINK
        + """
print(json.dumps(six._take()[1]))
six.send(("fe80::1%w0", 7), b"x")
six.send(("2001:db8::1", 7), b"x")
rows = [("FE80::1", 48, 0, 0), ("2001:DB8::A", 48, 0, 0)]
WLAN.ipconfig = lambda self, key: rows if key == "addr6" else None
print(json.dumps([Sock.log, ipv6.addresses("192.0.2.1")]))
"""
    )
    assert told == [
        ["fe80::2acd:c1ff:fe00:21%w0", 5683],
        [
            [["::", 5683], ["fe80::1", 7], ["2001:db8::1", 7]],
            ["fe80::1%w0", "2001:db8::a"],
        ],
    ]


def test_what_goes_to_the_group_goes_to_that_of_ipv6(there):
    told = there(
        LINK
        + """
class Four:
    move = join = receive = None

    def send(self, address, data):
        Sock.log.append(["four", address])


both = ipv6.Both(Four(), six)
for host in ("224.0.0.251", "224.0.1.187", "192.0.2.9", "2001:db8::1"):
    both.send((host, 5353), b"x")
print(json.dumps(Sock.log))
"""
    )
    assert told == [
        [
            ["::", 5683],
            ["four", ["224.0.0.251", 5353]],
            ["ff02::fb", 5353],
            ["four", ["224.0.1.187", 5353]],
            ["four", ["192.0.2.9", 5353]],
            ["2001:db8::1", 5353],
        ]
    ]


BEGIN = """
class Limits:
    datagram = 1024


class Node:
    limits = Limits


class Loop:
    node = Node


told = []
rows = {0: "four"}
ipv6.begin(Loop, rows, ("192.0.2.1", 5683), lambda what, **more: told.append([what, more]), None)
print(json.dumps([rows, told]))
"""


def test_a_board_without_ipv6_says_so_and_goes_on(there):
    lacking = 'ipv6.WORKS = ("rp2",)\n'
    no_socket = """
def refuse(*_):
    raise OSError("no room for a socket")
Module.socket = refuse
"""
    for change, reason in ((lacking, "no IPv6 on this kind of board"), (no_socket, "no room")):
        told = there(LINK + change + BEGIN)
        assert told[0][0] == {"0": "four"}
        assert told[0][1][0][0] == "ipv6"
        assert reason in told[0][1][0][1]["reason"]
