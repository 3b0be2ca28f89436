"""The sockets of a desktop peer, and whatever may befall them."""

import errno
import os
import socket

import pytest
from hubs import HOST, acquainted, run

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.errors import LocalError
from mesh.hub.desktop_errors import Unanswered
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.home.home import Home
from mesh.hub.net import udp


def test_a_port_that_is_taken_is_left(start):
    async def main():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
            holder.bind((HOST, 0))
            taken = holder.getsockname()[1]
            async with start("one", port=taken) as one:
                assert one.address[0] == HOST
                assert one.address[1] != taken

    run(main)


def test_the_port_of_the_settings_is_used(start):
    async def main():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((HOST, 0))
            free = probe.getsockname()[1]
        async with start("one", port=free) as one:
            assert one.address == (HOST, free)

    run(main)


def test_an_interface_that_is_not_there(tmp_path):
    async def main():
        with Home(tmp_path / "one") as home:
            one = HubPeer(home, interfaces=["192.0.2.99"])
            with pytest.raises(LocalError, match=r"no socket could be opened on 192\.0\.2\.99"):
                await one.start()

    run(main)


def test_garbage_stops_nothing(start):
    async def main():
        async with acquainted(start) as (one, two):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for n in range(500):
                    sender.sendto(os.urandom(n % 200), two.address)
                sender.sendto(b"", two.address)
                sender.sendto(bytes(9000), two.address)
            assert (await one.ask(two.identity.public, coap.FETCH, ["peer"])).code == codes.CONTENT
            assert two.driver.udp.oversized == 1

    run(main)


def test_a_socket_that_dies_is_opened_again(start):
    async def main():
        async with acquainted(start) as (one, two):
            address = two.address
            for endpoint in list(two.driver.udp._endpoints.values()):
                os.close(endpoint.sock.detach())
            two.driver.udp.refresh()
            assert two.address == address
            assert (await one.ask(two.identity.public, coap.FETCH, ["peer"])).code == codes.CONTENT
            for endpoint in list(one.driver.udp._endpoints.values()):
                os.close(endpoint.sock.detach())
            # noticed by sending; what was sent is sent again
            assert (await one.ask(two.identity.public, coap.FETCH, ["peer"])).code == codes.CONTENT
            assert one.driver.udp.unsent >= 1

    run(main)


@pytest.mark.parametrize(
    "code", [errno.ENETUNREACH, errno.EPERM, errno.ENOBUFS, errno.ECONNREFUSED, errno.EAGAIN]
)
def test_errors_of_the_network_stop_nothing(start, code):
    async def main():
        async with acquainted(start) as (one, two):
            routes = one.driver.udp._routes
            find, failures = routes.find, [code, code]

            def failing(data, target):
                raise OSError(failures.pop(), "as if")

            routes.find = lambda address: (failing, address) if failures else find(address)
            assert (await one.ask(two.identity.public, coap.FETCH, ["peer"])).code == codes.CONTENT
            assert one.driver.udp.unsent == 2

    run(main)


def test_refused_datagrams_stop_nothing(start):
    async def main():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((HOST, 0))
            closed = probe.getsockname()
        async with acquainted(start) as (one, two):
            for _ in range(20):
                with pytest.raises(Unanswered):
                    await one.get(closed, ["x"], timeout=0.001)
            assert (await one.ask(two.identity.public, coap.FETCH, ["peer"])).code == codes.CONTENT

    run(main)


@pytest.mark.parametrize("address", [("fe80::1%nowhere", 5683), ("2001:db8::1", 5683), ("x", 1)])
def test_addresses_that_lead_nowhere(start, address):
    async def main():
        async with start("one") as one:
            with pytest.raises(Unanswered):
                await one.get(address, ["peer"], timeout=0.01)
            assert one.driver.udp.unsent >= 1

    run(main)


def test_an_address_that_comes_and_goes(start, monkeypatch):
    """127.0.0.2 stands for an interface that appears."""
    here = [udp.Local(HOST, 1, 8)]
    monkeypatch.setattr(udp, "local_addresses", lambda wanted: list(here))

    async def main():
        async with start("one") as one, start("two") as two:
            port = two.address[1]
            here.append(udp.Local("127.0.0.2", 1, 8))
            two.driver.udp.refresh()
            assert two.addresses == [(HOST, port), ("127.0.0.2", port)]
            answer = await one.get(("127.0.0.2", port), ["peer"])  # answered from where it came in
            assert answer.code == codes.CONTENT
            here.pop()
            two.driver.udp.refresh()
            assert two.addresses == [(HOST, port)]
            assert (await one.get(two.address, ["peer"])).code == codes.CONTENT

    run(main)


def test_a_fault_in_the_node_is_not_the_end(start):
    async def main():
        async with acquainted(start) as (one, two):
            tick, faults = two.node.tick, [ZeroDivisionError]

            def faulty(now_ms):
                if faults:
                    raise faults.pop()
                tick(now_ms)

            two.node.tick = faulty
            two.driver._timer.cancel()
            two.driver._timer = None
            two.driver._tick()
            assert (faults, two.faults.count) == ([], 1)
            assert two.driver._timer is not None
            assert (await one.ask(two.identity.public, coap.FETCH, ["peer"])).code == codes.CONTENT

    run(main)


def test_a_full_disk_is_survived(start, monkeypatch, caplog):
    async def main():
        async with acquainted(start) as (one, two):

            def full(*_):
                raise LocalError("No space left on device")

            with monkeypatch.context() as patched:
                patched.setattr(one.identity, "next_counter", full)
                with pytest.raises(LocalError, match="No space left"):
                    await one.ask(two.identity.public, coap.FETCH, ["peer"])
            assert (await one.ask(two.identity.public, coap.FETCH, ["peer"])).code == codes.CONTENT

    run(main)
