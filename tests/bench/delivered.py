"""Readings delivered: signed by one process, sent over TCP, checked and stored by another.

Every head that is signed is sent and checked. What is counted was acknowledged, by an answer that
is signed too, after it was committed; and then it is counted again, in the table.
"""

import asyncio
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections import deque, namedtuple

# cpu_us: of all processes that take part, but for their start, for one reading; heads: signatures,
# each of them checked
Delivered = namedtuple("Delivered", ("per_s", "cpu_us", "count", "heads"))

TOGETHER = 64  # heads in one message, at most
UNDER_WAY = 12  # messages not yet acknowledged
SECONDS = 300


def table(folder):
    """The store's tables, for whoever stores readings without a store."""
    from mesh.hub.store import schema  # noqa: PLC0415 - only some need it

    return schema.connect(folder / schema.NAME, writing=True)


def measure(count, a_head, an_entry=1):
    """How fast `count` readings are delivered, so many under a head, and so many in an entry."""
    there = start("receive", count)
    address = there.stdout.readline()
    here = start("send", count, a_head, an_entry, address)
    sent = json.loads(here.communicate(timeout=SECONDS)[0])
    told = json.loads(there.communicate(timeout=SECONDS)[0])
    if told["rows"] != count:
        raise SystemExit(f"{told['rows']} of {count} readings were delivered")
    cpu = sent["cpu"] + told["cpu"]
    return Delivered(count / sent["took"], cpu / count * 1e6, count, sent["heads"])


def start(*arguments):
    """A process of this file."""
    return subprocess.Popen(
        [sys.executable, __file__, *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


async def receive():
    """A desktop peer that keeps what everybody offers, until standard input closes."""
    from mesh.core import peer_id  # noqa: PLC0415 - each process loads what it needs
    from mesh.core.limits import Limits  # noqa: PLC0415
    from mesh.hub.desktop_limits import DESKTOP  # noqa: PLC0415
    from mesh.hub.desktop_peer import HubPeer  # noqa: PLC0415
    from mesh.hub.home.home import Home  # noqa: PLC0415
    from mesh.hub.tcp.tcp_requests import TcpRequests  # noqa: PLC0415
    from mesh.hub.tcp.tcp_server import TcpServer  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder, Home(folder) as home:
        profile = home.profile()
        profile.layers = []  # no other peer here is found
        # The sender is a stranger. How such are held up is not what is measured.
        limits = Limits(**(DESKTOP | {"strange_kb_s": 1 << 20}))
        peer = HubPeer(home, profile, limits, ["127.0.0.1"], port=0, sensed={})
        async with peer:
            peer.node.peer.feeds.wants = lambda _: 1
            peer.driver.fair.wait_s = lambda _: 0.0
            server = TcpServer(TcpRequests(peer.node, peer.driver), ["127.0.0.1"], 0)
            await server.start()
            print(json.dumps([peer_id.to_text(home.identity.public), server.port]), flush=True)
            cpu = time.process_time()
            await asyncio.to_thread(sys.stdin.read)
            cpu = time.process_time() - cpu
            await server.stop()
            archive = peer.node.peer.feeds.archive
            rows = archive.database.execute("SELECT count(*) FROM reading").fetchone()[0]
    print(json.dumps({"rows": rows, "cpu": cpu}))


async def send(count, a_head, an_entry, text, port):
    """Make readings, sign them, and offer them until all are acknowledged."""
    from mesh.core import peer_id  # noqa: PLC0415
    from mesh.core.limits import Limits  # noqa: PLC0415
    from mesh.hub.desktop_kit import make_identity, make_kit, new_secret  # noqa: PLC0415
    from mesh.hub.tcp.tcp_client import Source, connected  # noqa: PLC0415

    kit, me = make_kit(), make_identity(new_secret(), time.time_ns)
    runs = signed_runs(kit, me, count, a_head, an_entry, Limits(run=8192))
    under_way = deque()
    heads = 0
    async with connected(kit, me, Source(peer_id.from_text(text), ("127.0.0.1", port))) as way:
        start, cpu = time.perf_counter(), time.process_time()
        while batch := list(itertools.islice(runs, TOGETHER)):
            heads += len(batch)
            under_way.append(asyncio.ensure_future(way.offer(batch)))
            await asyncio.sleep(0)
            if heads == TOGETHER or len(under_way) == UNDER_WAY:  # the first opens the window
                await under_way.popleft()
        for offer in under_way:
            held = await offer
        took, cpu = time.perf_counter() - start, time.process_time() - cpu
    last = count // an_entry
    if held != {me.public: last}:
        raise SystemExit(f"{held} is acknowledged, of {last}")
    print(json.dumps({"took": took, "cpu": cpu, "heads": heads}))


def signed_runs(kit, identity, count, a_head, an_entry, limits):
    """Runs of new readings, each with a head of its own."""
    from mesh.core.codec.cbor import Decimal  # noqa: PLC0415
    from mesh.core.codec.senml import Record, pack  # noqa: PLC0415
    from mesh.core.feed.feed import Feed  # noqa: PLC0415

    names = [f"s{n:02}" for n in range(an_entry)]
    feed = Feed(kit, identity.public, max(2, 2 * a_head // an_entry), limits=limits)
    first = 1
    for n in range(0, count, an_entry):
        value = Decimal(2001 + n % 997 * 2, -2)
        body = pack([Record(name, "Cel", value, None) for name in names])
        feed.append([2, 1, n, 1_700_000_000_000 + n], "reading", body)
        if (n + an_entry) % a_head == 0 or n + an_entry >= count:
            feed.sign(identity)
            yield feed.run(first, limits.run)
            first = feed.next_seq


if __name__ == "__main__":
    if sys.argv[1] == "receive":
        asyncio.run(receive())
    else:
        asyncio.run(send(*map(int, sys.argv[2:5]), *json.loads(sys.argv[5])))
