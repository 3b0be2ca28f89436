"""DNS-SD by zeroconf, on loopback. Others who are there at that time are passed over."""

import asyncio
import contextlib
import os

import pytest
from announced import LIMIT_S, LOOPBACK, ONE, TWO, announced, only
from zeroconf import ServiceStateChange
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from mesh.core import peer_id
from mesh.core.errors import LocalError
from mesh.hub.net import announcer, interfaces
from mesh.hub.net.announcer import TYPE
from mesh.hub.net.interfaces import Local


@contextlib.asynccontextmanager
async def stranger(properties, addresses=("127.0.0.1",), port=7000):
    """Somebody else's DNS-SD announcement of our service type."""
    name = os.urandom(8).hex()
    async with AsyncZeroconf(["127.0.0.1"]) as zeroconf:
        info = AsyncServiceInfo(
            TYPE,
            f"{name}.{TYPE}",
            port=port,
            properties=properties,
            server=f"{name}.local.",
            parsed_addresses=list(addresses),
        )
        await zeroconf.async_register_service(info, cooperating_responders=True)
        yield


def test_two_find_each_other_and_part():
    async def main():
        async with asyncio.timeout(LIMIT_S), announced(ONE, 5001) as (first, _):
            async with announced(TWO, 5002) as (second, _):
                assert await first.candidates.get() == (TWO, [("127.0.0.1", 5002)])
                assert await second.candidates.get() == (ONE, [("127.0.0.1", 5001)])
            assert await first.withdrawn.get() == TWO

    asyncio.run(main())


def test_what_is_announced_is_what_the_protocol_says():
    async def main():
        found = asyncio.get_running_loop().create_future()

        def on_change(zeroconf, service_type, name, state_change):
            if name.startswith(peer_id.to_text(ONE)[:16]) and not found.done():
                found.set_result(name)

        async with (
            asyncio.timeout(LIMIT_S),
            announced(ONE, 5001),
            AsyncZeroconf(["127.0.0.1"]) as zeroconf,
        ):
            browser = AsyncServiceBrowser(zeroconf.zeroconf, TYPE, [on_change])
            name = await found
            info = AsyncServiceInfo(TYPE, name)
            assert await info.async_request(zeroconf.zeroconf, 3000)
            await browser.async_cancel()
        text = peer_id.to_text(ONE)
        assert name == f"{text[:16]}._othermesh._udp.local."
        assert info.server == f"om-{text[:16]}.local."
        assert info.properties == {b"v": b"1", b"id": text.encode()}
        assert info.parsed_addresses() == ["127.0.0.1"]
        assert info.port == 5001

    asyncio.run(main())


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"v": "1"},
        {"v": "2", "id": peer_id.to_text(TWO)},
        {"v": "1", "id": "too short"},
        {"v": "1", "id": peer_id.to_text(TWO).upper()},
        {"v": "1", "id": b"\xff" * 52},
        {"v": "1", "id": None},
    ],
)
def test_who_has_no_id_is_nobody(properties):
    async def main():
        async with asyncio.timeout(LIMIT_S), announced(ONE, 5001) as (heard, _):
            proper = {"v": "1", "id": peer_id.to_text(TWO)}
            async with stranger(properties), stranger(proper, port=7002):
                # whoever came before it was passed over
                assert await heard.candidates.get() == (TWO, [("127.0.0.1", 7002)])
            assert heard.candidates.empty()

    asyncio.run(main())


def test_no_more_addresses_than_are_kept():
    async def main():
        many = [f"127.0.0.{n}" for n in range(2, 20)]
        async with (
            asyncio.timeout(LIMIT_S),
            announced(ONE, 5001, peer_addresses=3) as (heard, _),
            stranger({"v": "1", "id": peer_id.to_text(TWO)}, addresses=many),
        ):
            _, addresses = await heard.candidates.get()
            assert len(addresses) == 3

    asyncio.run(main())


def test_other_addresses_after_an_interface_came():
    async def main():
        async with (
            asyncio.timeout(LIMIT_S),
            announced(ONE, 5001) as (first, _),
            announced(TWO, 5002) as (_, second),
        ):
            await first.candidates.get()
            await second.update([*LOOPBACK, Local("127.0.0.2", 1, 8)])
            while True:
                _, addresses = await first.candidates.get()
                if ("127.0.0.2", 5002) in addresses:
                    break

    asyncio.run(main())


def test_a_flood_of_unfinished_names_is_bounded():
    async def main():
        async with announced(ONE, 5001) as (_, one):
            there = only(one)
            zeroconf = there._zeroconf.zeroconf
            for n in range(1000):
                there._on_change(zeroconf, TYPE, f"n{n}.{TYPE}", ServiceStateChange.Added)
            assert len(there._resolving) == announcer.RESOLVING

    asyncio.run(main())


def test_hosts_in_our_own_network_come_first():
    ours = [Local("192.0.2.7", 2, 24), Local("fe80::1%eth0", 2, 64)]
    hosts = ["2001:db8::1", "198.51.100.1", "fe80::2%eth0", "192.0.2.9"]
    assert interfaces.rank(hosts, ours) == [
        "192.0.2.9",
        "fe80::2%eth0",
        "198.51.100.1",
        "2001:db8::1",
    ]


def test_loopback_is_announced_only_where_there_is_nothing_else():
    lan = Local("192.0.2.7", 2, 24)
    assert interfaces.reachable([*LOOPBACK, lan]) == ["192.0.2.7"]
    assert interfaces.reachable(LOOPBACK) == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("fe80::1%1", "fe80::1%lo"),
        ("fe80::1%lo", "fe80::1%lo"),
    ],
)
def test_one_host_has_one_text(host, text):
    assert interfaces.normal(host) == text


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        (("192.0.2.1", 1), ("192.0.2.1", 1)),
        (("2001:db8::1", 1), ("2001:db8::1", 1, 0, 0)),
        (("fe80::1%lo", 1), ("fe80::1", 1, 0, 1)),
    ],
)
def test_addresses_there_and_back(address, wanted):
    assert interfaces.socket_address(address) == wanted
    assert interfaces.core_address(wanted) == address


def test_an_interface_that_is_no_address():
    with pytest.raises(LocalError, match="'eth0' is not the IP address"):
        interfaces.local_addresses(["eth0"])
