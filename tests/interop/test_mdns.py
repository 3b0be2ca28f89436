"""core.mdns and core.oneshot beside the two implementations that a network is full of."""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from pathlib import Path

import mdns_runner
import pytest
from avahi import INTERFACE, avahi_host, system
from mdns_runner import COAP, asker, label_of, peer_id, responder, text_of
from zeroconf import ServiceStateChange
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from mesh.core.events import Announced, Withdrawn

TYPE = "_othermesh._udp.local."
LO = "127.0.0.1"


@contextlib.asynccontextmanager
async def zeroconf():
    stranger = AsyncZeroconf(interfaces=[LO])
    try:
        yield stranger
    finally:
        await stranger.async_close()


def service(number, address=LO):
    """What zeroconf should announce for a peer."""
    label = label_of(number)
    return AsyncServiceInfo(
        TYPE,
        f"{label}.{TYPE}",
        port=COAP,
        server=f"om-{label}.local.",
        properties={"v": "1", "id": text_of(number)},
        addresses=[socket.inet_aton(address)],
    )


def found(number, how="mdns", address=LO):
    return Announced(peer_id(number), (address, COAP), how)


def test_zeroconf_finds_us_and_sees_us_leave():
    async def meet():
        name, seen, changed = f"{label_of(11)}.{TYPE}", [], asyncio.Event()

        def handler(zeroconf, service_type, name, state_change):
            seen.append((name, state_change))
            changed.set()

        async def until(state):
            async with asyncio.timeout(20):
                while (name, state) not in seen:
                    changed.clear()
                    await changed.wait()

        async with zeroconf() as stranger:
            browser = AsyncServiceBrowser(stranger.zeroconf, TYPE, handlers=[handler])
            with responder(11, LO):
                await until(ServiceStateChange.Added)
                info = AsyncServiceInfo(TYPE, name)
                assert await info.async_request(stranger.zeroconf, 5000)
            await until(ServiceStateChange.Removed)
            await browser.async_cancel()
        return info

    info = asyncio.run(meet())
    assert info.port == COAP
    assert info.server == f"om-{label_of(11)}.local."
    assert info.properties == {b"v": b"1", b"id": text_of(11).encode()}
    assert info.parsed_addresses() == [LO]


def test_we_find_zeroconf_and_see_it_leave():
    async def meet():
        async with zeroconf() as stranger:
            with responder(12, LO) as us:
                await (await stranger.async_register_service(service(13)))
                await us.until_told(found(13))
                await (await stranger.async_unregister_service(service(13)))
                await us.until_told(Withdrawn(peer_id(13)))

    asyncio.run(meet())


def test_we_come_later_than_zeroconf():
    async def meet():
        async with zeroconf() as stranger:
            await (await stranger.async_register_service(service(14)))
            with responder(15, LO) as us:
                await us.until_told(found(14))

    asyncio.run(meet())


def test_one_shot_questions_are_answered_by_zeroconf_and_by_us():
    async def meet():
        async with zeroconf() as stranger:
            await (await stranger.async_register_service(service(16)))
            with responder(17, LO), asker(18, LO) as us:
                await us.until_told(found(16, "query"))
                await us.until_told(found(17, "query"))

    asyncio.run(meet())


def test_our_echo_is_heard():
    async def listen():
        with responder(19, LO) as us, responder(20, LO) as other:
            await us.until_told(found(20))
            await other.until_told(found(19))
        return us.core.last_echo_ms

    assert asyncio.run(listen()) is not None


# ---- avahi, on hosts of its own


@pytest.fixture(scope="module")
def judge():
    with avahi_host() as host:
        yield host


@contextlib.contextmanager
def peer(host, kind, number):
    """A peer of ours on a host: its process, with a function that reads its next event."""
    command = [sys.executable, Path(mdns_runner.__file__), kind, str(number), host.address]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with host.running(*command, **pipes) as process:

        def until(*event):
            for line in process.stdout:
                if json.loads(line) == list(event):
                    return
            raise AssertionError(f"it ended without {event}")

        yield until
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


def browse(host):
    """The peers that avahi-browse resolves: {instance: (host name, address, port, TXT)}."""
    rows = host.run("avahi-browse", "-rptk", "_othermesh._udp").stdout.splitlines()
    fields = [row.split(";") for row in rows if row.startswith("=")]
    return {row[3]: (row[6], row[7], int(row[8]), row[9]) for row in fields}


def published(host, number, port=COAP):
    """The commands by which avahi announces a peer: its host, then its service."""
    label = label_of(number)
    texts = ["v=1", f"id={text_of(number)}"]
    name = f"om-{label}.local"
    return (
        ["avahi-publish", "-a", "-R", name, host.address],
        ["avahi-publish", "-s", "-H", name, label, "_othermesh._udp", str(port), *texts],
    )


@pytest.mark.parametrize("where", ["the same host", "another host"])
def test_avahi_finds_us(judge, where):
    host = judge if where == "the same host" else judge.beside
    number = 31 if where == "the same host" else 32
    with peer(host, "mdns", number):
        rows = browse(judge)
        name = judge.run("avahi-resolve", "-4", "-n", f"om-{label_of(number)}.local").stdout
    label, text = label_of(number), text_of(number)
    assert rows[label][:3] == (f"om-{label}.local", host.address, COAP)
    assert sorted(rows[label][3].split()) == [f'"id={text}"', '"v=1"']
    assert name.split() == [f"om-{label}.local", host.address]


def test_avahi_finds_a_desktop_at_the_address_of_the_link(judge, tmp_path):
    """A desktop with docker has two addresses: only one is any good to its neighbour."""
    host = judge.beside
    bridge = ["ip", "-netns", host.namespace, "link"]
    system(*bridge, "add", "docker0", "type", "bridge")
    system(*bridge[:-1], "address", "add", "172.17.0.1/16", "dev", "docker0")
    system(*bridge, "set", "docker0", "up")
    command = [sys.executable, "-m", "mesh.cli", "up", "--home", tmp_path / "home", "--json"]
    try:
        with host.running(*command, stdout=subprocess.PIPE, text=True) as process:
            up = json.loads(process.stdout.readline())
            label = up["id"][:16]
            rows = browse(judge)
            name = judge.run("avahi-resolve", "-4", "-n", f"om-{label}.local").stdout
            process.terminate()
            process.communicate(timeout=20)
    finally:
        system(*bridge, "delete", "docker0")
    assert "172.17.0.1:5683" in up["addresses"]
    assert rows[label][:3] == (f"om-{label}.local", host.address, COAP)
    assert name.split() == [f"om-{label}.local", host.address]


def test_avahi_sees_us_come_and_leave(judge):
    command = ["avahi-browse", "--parsable", "--no-db-lookup", "_othermesh._udp"]
    pipes = {"stdout": subprocess.PIPE, "text": True}
    with judge.running(*command, **pipes) as process:

        def until(sign):
            for line in process.stdout:
                if line.startswith(sign) and f";{label_of(38)};" in line:
                    return
            raise AssertionError(f"avahi-browse ended without a {sign}")

        with peer(judge.beside, "mdns", 38):
            until("+")
        until("-")
        process.stdout.close()


@pytest.mark.parametrize("kind", ["mdns", "query"])
def test_we_find_what_avahi_announces_and_see_it_leave(judge, kind):
    number = 33 if kind == "mdns" else 34
    name, announcement = published(judge, number)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with judge.running(*name, **quiet), peer(judge.beside, kind, 35) as until:
        with judge.running(*announcement, **quiet):
            until("Announced", text_of(number), judge.address, COAP, kind)
        if kind == "mdns":
            until("Withdrawn", text_of(number))


def test_two_of_ours_with_avahi_between_them(judge):
    with peer(judge, "mdns", 36) as first, peer(judge.beside, "mdns", 37) as second:
        first("Announced", text_of(37), judge.beside.address, COAP, "mdns")
        second("Announced", text_of(36), judge.address, COAP, "mdns")
        assert {label_of(36), label_of(37)} <= set(browse(judge))


def test_the_namespaces_are_their_own(judge):
    links = judge.run("ip", "-brief", "link").stdout.split("\n")
    assert sorted(row.split("@")[0].split()[0] for row in links if row) == ["lo", INTERFACE]
