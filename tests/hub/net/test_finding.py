"""How a desktop finds others: where it is itself, and host names given by hand."""

import asyncio
import socket

import pytest
from hubs import HOST, run, until

from mesh.core import peer_id
from mesh.hub.home.settings_words import parse
from mesh.hub.net import finding
from mesh.hub.net.finding import addresses_of, sorted_out

NAME = "greenhouse.example"


def given(*hosts, peer=None):
    rows = [{"address": f"{host}:5683"} | ({"id": peer} if peer else {}) for host in hosts]
    return parse({"peers": rows}, "desktop")


def test_names_are_kept_apart_from_addresses():
    profile = given("10.0.0.1", NAME, "[fe80::1%eth0]", "localhost")
    others, names = sorted_out(profile)
    assert [address for _, address in others.peers] == [("10.0.0.1", 5683), ("fe80::1%eth0", 5683)]
    assert [address for _, address in names] == [(NAME, 5683), ("localhost", 5683)]
    assert len(profile.peers) == 4, "the settings are not changed"


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("label too long")])
def test_a_name_that_nobody_knows_has_no_address(monkeypatch, error):
    async def main():
        async def unknown(*_, **__):
            raise error

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown, raising=False)
        assert await addresses_of(NAME, 5683) == []

    asyncio.run(main())


def test_a_name_has_its_addresses():
    async def main():
        assert (HOST, 5683) in await addresses_of("localhost", 5683)

    asyncio.run(main())


@pytest.mark.parametrize("with_id", [True, False])
def test_a_name_that_gets_an_address_later_and_then_another(start, monkeypatch, with_id):
    """It is looked up until the peer answers there, and goes on being looked up."""
    known = {}
    asked = []

    async def resolve(host, port):
        asked.append(host)
        return [(known[host], port)] if host in known else []

    monkeypatch.setattr(finding, "addresses_of", resolve)
    monkeypatch.setattr(finding, "FIRST_S", 0.02)
    monkeypatch.setattr(finding, "LONGEST_S", 0.05)

    async def main():
        async with start("two") as second:
            row = {"address": f"{NAME}:{second.address[1]}"}
            if with_id:
                row["id"] = peer_id.to_text(second.identity.public)
            async with start("one", peers=[row]) as first:
                await until(lambda: len(asked) > 3)
                assert not first.node.contacts.proven()
                known[NAME] = "127.0.0.99"  # nobody is there
                await until(lambda: len(asked) > 6)
                known[NAME] = HOST
                await first.wait_for_peer(second.identity.public)
                assert first.node.contacts.get(second.identity.public).how == "given"

    run(main)


def test_where_a_desktop_is_itself(start):
    async def main():
        async with start("one") as one:
            places = one.node.contacts.places
            assert places.is_own(one.address)
            assert not places.is_own((HOST, one.address[1] + 1))
            assert places.can_be((HOST, 1), False)
            assert not places.can_be(("10.9.9.9", 1), False), "it is on loopback only"

    run(main)
