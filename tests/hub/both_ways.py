"""Two desktop peers, of which one asks the other by UDP and by TCP."""

import asyncio
import contextlib

from hubs import HOST
from tcp_peers import KIT, listening

from mesh.core.codec.formats import CBOR, SENML_CBOR
from mesh.core.errors import LocalError
from mesh.core.security.seal import seal_request
from mesh.core.security.signed_client import request_for
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.home.home import Home
from mesh.hub.home.settings_words import parse
from mesh.hub.tcp.connection import Connection
from mesh.hub.tcp.tcp_client import connected

COUNTED = ("verified", "refused", "faults")  # in /peer: one more with each answer


class Two:
    """A peer with things of all kinds, and another, who asks it by both transports."""

    def __init__(self, asked, asker, way, source):
        self.asked, self.asker, self.way, self.source = asked, asker, way, source
        self.done = []

    def things(self):
        node, now_ms = self.asked.node, self.asked.now()
        for name in ("cold", "secret", "mute"):
            node.add_sensor(name, "Cel", 3_600_000)
        for name in ("cold", "secret"):
            node.reading(now_ms, name, 21)
        for name in ("lamp", "lock"):
            node.add_actuator(name, self._set, False)

    def _set(self, value):
        if value == "no":
            raise LocalError("it takes no such value", "say true or false")
        self.done.append(value)

    def later(self, ms):
        """Have so much time pass for the one that is asked, and then no more."""
        now_ms = self.asked.now() + ms
        self.asked.driver.now = lambda: now_ms
        self.asked.node.tick(now_ms)
        self.asked.driver.settle()

    async def ask(self, code, path, *rest):
        """What both answers say."""
        id = self.asked.identity.public
        by_udp = await self.asker.ask(id, code, path, *rest)
        by_tcp = await self.way.ask(code, path, *rest)
        return said(by_udp), said(by_tcp)

    async def same(self, code, path, *rest):
        """What both say alike."""
        by_udp, by_tcp = await self.ask(code, path, *rest)
        assert by_tcp == by_udp, path
        return by_tcp


def said(answer):
    """What a signed answer says, but for what each answer counts."""
    assert answer.signed
    payload = answer.payload
    if payload and answer.content_format in (CBOR, SENML_CBOR, 257):
        payload = KIT.decode(payload)
    if isinstance(payload, dict):
        payload = {key: value for key, value in payload.items() if key not in COUNTED}
    return answer.code, answer.content_format, payload, answer.error


@contextlib.asynccontextmanager
async def two(tmp_path):
    """Two: time stands still for the one that is asked."""
    async with contextlib.AsyncExitStack() as stack:
        homes = [stack.enter_context(Home(tmp_path / name)) for name in ("asked", "asker")]
        profiles = [parse({"discovery": {"layers": []}}, "desktop") for _ in homes]
        profiles[0].share["/sensors/secret"] = "nobody"
        profiles[0].share["/actuators/hidden"] = "nobody"
        profiles[0].allow["lamp"] = [homes[1].identity.public]
        profiles[0].allow["lock"] = []
        asked, asker = [
            await stack.enter_async_context(
                HubPeer(home, profile, interfaces=[HOST], port=0, sensed={})
            )
            for home, profile in zip(homes, profiles, strict=True)
        ]
        asker.node.candidate(asker.now(), asked.identity.public, asked.address, "given")
        asker.driver.settle()
        await asker.wait_for_peer(asked.identity.public)
        await asked.wait_for_peer(asker.identity.public)
        source = await stack.enter_async_context(listening(asked))
        way = await stack.enter_async_context(connected(KIT, asker.identity, source))
        both = Two(asked, asker, way, source)
        both.things()
        both.later(0)
        yield both


@contextlib.asynccontextmanager
async def raw(source, most=300_000):
    """A connection that says what it is told to, and takes messages of so many bytes."""
    _, connection = await asyncio.get_running_loop().create_connection(
        lambda: Connection(lambda *_: None, lambda _: None, most), *source.address
    )
    yield connection
    connection.end()


def signed(identity, peer, code, path, body=b""):
    message = request_for(code, path)
    seal_request(KIT, identity, peer, message, CBOR if body else None, body)
    return message
