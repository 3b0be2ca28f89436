"""Signed round trips between two desktop peers in two processes, over UDP on loopback."""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time

import costly
import flood
from measure import exchanges

from mesh.core import codes
from mesh.core import peer_id as ids
from mesh.core.coap import message as coap
from mesh.core.limits import Limits
from mesh.hub.desktop_limits import DESKTOP, use_uvloop
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.home.home import Home
from mesh.hub.tcp.tcp_requests import TcpRequests
from mesh.hub.tcp.tcp_server import TcpServer

LOOPBACK = ["127.0.0.1"]
TOO_MANY = 0x9D  # 4.29
PAUSE_S = 0.02
HISTORY = 5000  # entries


def new_peer(folder, outstanding):
    """A desktop peer with no sensors of its own; NSTART as many as shall be outstanding."""
    limits = Limits(**(DESKTOP | {"nstart": max(4, outstanding)}))
    home = Home(folder)
    home.open()
    profile = home.profile()
    profile.layers = []  # no other peer here is found
    return home, HubPeer(home, profile, limits, LOOPBACK, port=0, sensed={})


async def serve(follows=""):
    """Serve one sensor until standard input closes; with a history, for whom it follows."""
    with tempfile.TemporaryDirectory() as folder:
        home, peer = new_peer(folder, 4)
        if follows:
            peer.profile.follow.append(bytes.fromhex(follows))
        async with peer:
            peer.node.add_sensor("bench", "Cel")
            for _ in range(HISTORY if follows else 1):
                peer.node.reading(peer.now(), "bench", 21)
            tcp = TcpServer(TcpRequests(peer.node, peer.driver), LOOPBACK, peer.address[1])
            await tcp.start()
            print(json.dumps([ids.to_text(peer.identity.public), peer.address]), flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
            await tcp.stop()
        home.close()


def start_server(loop, follows=b""):
    """The server's process, its id and address."""
    command = [sys.executable, __file__, loop, follows.hex()]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    text, address = json.loads(server.stdout.readline())
    return server, ids.from_text(text), tuple(address)


async def with_client(outstanding, loop, work):
    """Run work(one) with a client that has met a server; `one` is a whole signed exchange."""
    return await with_server(outstanding, loop, lambda one, *_: work(one))


async def with_server(outstanding, loop, work, *, followed=False):
    """As with_client; work(one, pid, address, id) learns who the server is too."""
    with tempfile.TemporaryDirectory() as folder:
        home, peer = new_peer(folder, outstanding)
        own = home.identity.public if followed else b""
        return await _with_server(home, peer, start_server(loop, own), work)


async def _with_server(home, peer, started, work):
    server, peer_id, address = started
    try:
        async with peer:
            peer.node.candidate(peer.now(), peer_id, address, "given")
            peer.driver.settle()
            await peer.wait_for_peer(peer_id, 20)

            async def one():
                answer = await peer.ask(peer_id, coap.FETCH, ["sensors", "bench"])
                while answer.code == TOO_MANY:  # it counts once it is answered
                    await asyncio.sleep(PAUSE_S)
                    answer = await peer.ask(peer_id, coap.FETCH, ["sensors", "bench"])
                if answer.code != codes.CONTENT or not answer.signed:
                    raise SystemExit(f"the exchange failed: {answer}")

            result = await work(one, server.pid, address, peer_id)
        home.close()
        return result
    finally:
        server.stdin.close()
        server.wait(20)


def measure(outstanding, seconds, loop="asyncio"):
    """Figure of signed exchanges with so many outstanding."""

    async def work(one):
        await exchanges(one, outstanding, 0.3)
        return await exchanges(one, outstanding, seconds)

    if loop == "uvloop" and not use_uvloop():
        raise SystemExit("uvloop is not installed")
    return asyncio.run(with_client(outstanding, loop, work))


def measure_together(seconds):
    """Figure with both peers in one process and one loop: on one core, as the ceiling is."""

    async def run():
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            (home, asker), (other_home, other) = new_peer(first, 1), new_peer(second, 1)
            async with asker, other:
                other.node.add_sensor("bench", "Cel")
                other.node.reading(other.now(), "bench", 21)
                asker.node.candidate(asker.now(), other.identity.public, other.address, "given")
                asker.driver.settle()
                await asker.wait_for_peer(other.identity.public, 20)

                async def one():
                    await asker.ask(other.identity.public, coap.FETCH, ["sensors", "bench"])

                await exchanges(one, 1, 0.3)
                figure = await exchanges(one, 1, seconds)
            home.close()
            other_home.close()
            return figure

    return asyncio.run(run())


def under_flood(kind, seconds):
    """Figures while a stranger floods the server, and while it does not."""

    async def work(one, *server):
        return await flood.beside(one, server, kind, seconds)

    followed = kind in costly.KINDS
    return asyncio.run(with_server(8, "asyncio", work, followed=followed))


def endure(count, tell):
    """Run `count` exchanges of one pair without a pause; tell(done, per_s, rss MiB) ten times."""

    async def work(one):
        start = time.perf_counter()
        for part in range(10):
            await exchanges(one, 32, 36_000, count // 10)
            done = (part + 1) * (count // 10)
            rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            tell(done, done / (time.perf_counter() - start), rss)

    asyncio.run(with_client(32, "asyncio", work))


if __name__ == "__main__":
    if sys.argv[1] == "uvloop":
        use_uvloop()
    asyncio.run(serve(*sys.argv[2:]))
