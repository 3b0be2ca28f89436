"""A newcomer with an empty store fetches a long feed over TCP, checks it, and stores it.

Each source is a whole desktop peer in its own process. What is timed begins before the newcomer
connects, and ends when its store has committed the last entry.
"""

import asyncio
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hypercore import Caught

HERE = Path(__file__).resolve().parent
COUNT = 100_000
A_HEAD = 20  # entries under one signature, as the author made them
SECONDS = 300


def fill(folder, count):
    """A store that holds a long feed of readings; the bytes of its entries together."""
    from mesh.core.codec.cbor import Decimal  # noqa: PLC0415 - the newcomer's process needs none of it
    from mesh.core.codec.senml import Record, pack  # noqa: PLC0415
    from mesh.core.feed.chain import walk  # noqa: PLC0415
    from mesh.core.feed.feed import Feed  # noqa: PLC0415
    from mesh.core.limits import Limits  # noqa: PLC0415
    from mesh.hub.desktop_kit import make_identity, make_kit, new_secret  # noqa: PLC0415
    from mesh.hub.store.archive import Archive  # noqa: PLC0415

    kit = make_kit()
    author = make_identity(new_secret(), lambda: 1)
    limits = Limits(run=4096)
    feed = Feed(kit, author.public, 4 * A_HEAD, limits=limits)
    size = 0
    with Archive(Path(folder) / "store.db") as archive:
        for n in range(count):
            value = Decimal(2000 + n % 997 * 2 + 1, -2)
            body = pack([Record("temperature", "Cel", value, None)])
            feed.append([2, 1, n * 1000, 1_700_000_000_000 + n * 1000], "reading", body)
            size += len(feed.newest)
            if n % A_HEAD == A_HEAD - 1 or n == count - 1:
                feed.sign(author)
                run = walk(kit, feed.run(n + 2 - A_HEAD, 4096), limits)
                archive.took(author.public, run)
                if n % 20_000 == A_HEAD - 1:
                    archive.flush(60)
    return size


@contextlib.contextmanager
def sources(count, number, prefix=(), shares=True):
    """Processes that hold the same feed; gives the ports and ids, and an entry's size. A newcomer
    is a stranger to them, who has a share of their time, unless `shares` is False.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        size = fill(folder, count)
        told = []
        for _ in range(number):
            home = stack.enter_context(tempfile.TemporaryDirectory())
            shutil.copy(Path(folder) / "store.db", home)
            process = _start(prefix, "source" if shares else "generous", home)
            stack.callback(_end, process)
            told.append(json.loads(process.stdout.readline()))
        yield told, size / count


def catch_up(told, count, prefix=()):
    """What it takes a newcomer to have all entries in its own store."""
    process = _start(prefix, "newcomer", json.dumps(told))
    try:
        result = json.loads(process.communicate(timeout=SECONDS)[0])
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    if result["have"] != count or result["readings"] != count or result["failed"]:
        raise SystemExit(f"the newcomer has {result} of {count} entries")
    return Caught(result["took"], result["cpu"], count)


async def serve(folder, shares):
    """Be a source until standard input closes."""
    from mesh.core import peer_id  # noqa: PLC0415
    from mesh.hub.desktop_peer import HubPeer  # noqa: PLC0415
    from mesh.hub.home.home import Home  # noqa: PLC0415
    from mesh.hub.tcp.tcp_requests import TcpRequests  # noqa: PLC0415
    from mesh.hub.tcp.tcp_server import TcpServer  # noqa: PLC0415

    with Home(folder) as home:
        profile = home.profile()
        profile.layers = []  # no other peer here is found
        peer = HubPeer(home, profile, interfaces=["127.0.0.1"], port=0, sensed={})
        async with peer:
            if not shares:
                peer.driver.fair.wait_s = lambda _: 0.0
            server = TcpServer(TcpRequests(peer.node, peer.driver), ["127.0.0.1"], 0)
            await server.start()
            print(json.dumps([peer_id.to_text(home.identity.public), server.port]), flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
            await server.stop()


async def fetch(told):
    """Be the newcomer: catch up, and tell what it took."""
    from mesh.core import peer_id  # noqa: PLC0415
    from mesh.hub.desktop_kit import make_identity, make_kit, new_secret  # noqa: PLC0415
    from mesh.hub.store.archive import Archive  # noqa: PLC0415
    from mesh.hub.tcp.tcp_catch_up import CatchingUp, Source  # noqa: PLC0415

    me = make_identity(new_secret(), time.time_ns)
    peers = [Source(peer_id.from_text(text), ("127.0.0.1", port)) for text, port in told]
    with tempfile.TemporaryDirectory() as folder:
        start, cpu = time.perf_counter(), time.process_time()
        archive = Archive(Path(folder) / "store.db").open()
        work = CatchingUp(make_kit(), me, archive, lambda _: True)
        caught = await work.run(peers)
        await asyncio.to_thread(archive.flush)
        took, cpu = time.perf_counter() - start, time.process_time() - cpu
        counts = "SELECT (SELECT sum(last + 1 - first) FROM run), (SELECT count(*) FROM reading)"
        have, readings = archive.database.execute(counts).fetchone()
        archive.close()
    failed = {peer_id.to_text(who): why for who, why in caught.failed.items()}
    told = {"took": took, "cpu": cpu, "have": have, "readings": readings, "failed": failed}
    print(json.dumps(told | {"fetched": caught.entries}))


def _start(prefix, *arguments):
    return subprocess.Popen(
        [*prefix, sys.executable, str(HERE / "newcomer.py"), *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def _end(process):
    process.stdin.close()
    process.wait(20)
    process.stdout.close()


if __name__ == "__main__":
    if sys.argv[1] in ("source", "generous"):
        asyncio.run(serve(sys.argv[2], sys.argv[1] == "source"))
    else:
        asyncio.run(fetch(json.loads(sys.argv[2])))
