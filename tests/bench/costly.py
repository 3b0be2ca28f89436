"""Senders that are proven, or even known, and want more than their part of a desktop.

KIND HOST PORT ID(hex): sends until standard input closes, then tells how much it sent.
proven: valid cheap questions of one key, from an address that it proved. ports: the same from many
ports. failed: wrong signatures from a proven address. known: large signed questions over UDP, by a
peer that was met. known-tcp: the same over TCP.
"""

import asyncio
import contextlib
import itertools
import os
import select
import socket
import sys
import tempfile
import time
from pathlib import Path

KINDS = ("proven", "ports", "failed", "known", "known-tcp")
PORTS = 32
BATCH = 64
LARGE = ("max=99999",)
WAYS = 4  # connections over TCP
AT_ONCE = 8  # questions on each


def ended():
    """Whether standard input closed."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


class Key:
    """A key that asks one peer."""

    def __init__(self, peer):
        from mesh.hub.desktop_kit import make_identity, make_kit, new_secret  # noqa: PLC0415

        self.kit, self.peer = make_kit(), peer
        self.me = make_identity(new_secret(), itertools.count(1).__next__)
        self.mids = itertools.count(1)

    def question(self, path="peer", body=b"", query=(), echo=None):
        """A signed one, as a datagram that wants no acknowledgement."""
        from mesh.core.coap import message as coap  # noqa: PLC0415
        from mesh.core.security.seal import seal_request  # noqa: PLC0415
        from mesh.core.security.signed_client import request_for  # noqa: PLC0415

        message = request_for(coap.FETCH, [path], list(query))
        if echo is not None:
            message.add(coap.ECHO, echo)
        seal_request(self.kit, self.me, self.peer, message, 60 if body else None, body)
        message.type, message.mid = coap.NON, next(self.mids) & 0xFFFF
        message.token = os.urandom(4)
        return coap.build(message)


def proven(host, port, peer, kind):
    """Prove addresses, and use them."""
    from mesh.core.coap import message as coap  # noqa: PLC0415

    key = Key(peer)
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(PORTS)]
    sockets = sockets if kind == "ports" else sockets[:1]
    for sock in sockets:
        sock.setblocking(False)
        sock.connect((host, port))
    print("started", flush=True)
    sent, start = 0, time.process_time()
    while not ended():
        for n in range(BATCH):
            data = key.question()
            if kind == "failed" and n:
                data = data[:-4] + b"...."
            with contextlib.suppress(OSError):
                sockets[n % len(sockets)].send(data)
                sent += 1
        for sock in sockets:
            with contextlib.suppress(OSError):
                while True:
                    echo = coap.parse(sock.recv(2048)).get(coap.ECHO)
                    if echo is not None:
                        sock.send(key.question(echo=echo))
    print(sent / (time.process_time() - start))


async def known(host, port, peer, kind):
    """Be met, and then ask for as much as there is."""
    from mesh.hub.desktop_peer import HubPeer  # noqa: PLC0415
    from mesh.hub.home.home import Home  # noqa: PLC0415
    from mesh.hub.tcp.tcp_client import Source, connected  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder, Home(Path(folder)) as home:
        profile = home.profile()
        profile.layers = []
        async with HubPeer(home, profile, None, ["127.0.0.1"], port=0, sensed={}) as one:
            one.node.candidate(one.now(), peer, (host, port), "given")
            one.driver.settle()
            await one.wait_for_peer(peer, 60)
            await asyncio.sleep(2)  # it greets us too
            body = one.node.peer.kit.encode({peer: 1})
            print("started", flush=True)
            counts, start = [0], time.process_time()
            if kind == "known":
                await _over_udp(one, (host, port), peer, body, counts)
            else:
                async with contextlib.AsyncExitStack() as stack:
                    ways = [
                        await stack.enter_async_context(
                            connected(one.node.peer.kit, home.identity, Source(peer, (host, port)))
                        )
                        for _ in range(WAYS)
                    ]
                    await _over_tcp(ways, body, counts)
            print(counts[0] / (time.process_time() - start))


async def _over_udp(one, address, peer, body, counts):
    key = Key(peer)
    key.me = one.identity
    while not ended():
        for _ in range(BATCH):
            one.driver.udp.send(address, key.question("feeds", body, LARGE))
            counts[0] += 1
        await asyncio.sleep(0)


async def _over_tcp(ways, body, counts):
    from mesh.core.errors import RemoteError  # noqa: PLC0415

    over = asyncio.Event()

    async def ask(way):
        while not over.is_set():
            counts[0] += 1
            try:
                await way.fetch(body, ("max=262144",))
            except RemoteError:
                return

    tasks = [asyncio.create_task(ask(way)) for way in ways for _ in range(AT_ONCE)]
    await asyncio.to_thread(sys.stdin.read)
    over.set()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def main(kind, host, port, peer):
    """Do as the first argument says."""
    if kind.startswith("known"):
        asyncio.run(known(host, int(port), bytes.fromhex(peer), kind))
    else:
        proven(host, int(port), bytes.fromhex(peer), kind)


if __name__ == "__main__":
    main(*sys.argv[1:])
