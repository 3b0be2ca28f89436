"""Desktop peers on loopback with stores, and long feeds to put into them."""

import contextlib
import itertools

from mesh.core.codec.cbor import Decimal
from mesh.core.codec.senml import Record, pack
from mesh.core.feed.chain import walk
from mesh.core.feed.feed import Feed
from mesh.core.limits import Limits
from mesh.hub.desktop_kit import make_identity, make_kit, new_secret
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.home.home import Home
from mesh.hub.home.settings_words import parse
from mesh.hub.store.archive import Archive
from mesh.hub.tcp.tcp_client import Source
from mesh.hub.tcp.tcp_requests import TcpRequests
from mesh.hub.tcp.tcp_server import TcpServer

HOST = "127.0.0.1"
KIT = make_kit()
LIMITS = Limits(run=8192, tail=100)


def someone():
    """A new identity."""
    return make_identity(new_secret(), itertools.count(1).__next__)


def runs_of(author, count, a_head=20, tweak=0):
    """A feed of `count` readings as runs, each with its own head; `tweak` makes another feed."""
    feed = Feed(KIT, author.public, 3 * a_head, limits=LIMITS)
    runs = []
    for n in range(count):
        body = pack([Record("t", "Cel", Decimal(2001 + n % 97 * 2 + tweak, -2), None)])
        feed.append([2, 1, n, 1_700_000_000_000 + n], "reading", body)
        if n % a_head == a_head - 1 or n == count - 1:
            feed.sign(author)
            runs.append(feed.run(n // a_head * a_head + 1, LIMITS.run))
    return runs


def put(archive, runs):
    """Have an archive keep runs."""
    for run in runs:
        archive.took(run[0], walk(KIT, run, LIMITS))
    archive.flush(30)


def held(archive):
    """How many entries an archive has, and how many readings."""
    return archive.database.execute(
        "SELECT (SELECT total(last + 1 - first) FROM run), (SELECT count(*) FROM reading)"
    ).fetchone()


@contextlib.asynccontextmanager
async def listening(peer):
    """Where a peer is asked over TCP."""
    server = TcpServer(TcpRequests(peer.node, peer.driver), [HOST], peer.address[1], peer.faults)
    await server.start()
    try:
        yield Source(peer.identity.public, (HOST, server.port))
    finally:
        await server.stop()


@contextlib.asynccontextmanager
async def serving(folder, runs=(), **settings):
    """A whole peer that holds these runs and listens on TCP; the peer, and where. Those are all
    that it knows: other peers of this machine would have it keep feeds of theirs.
    """
    folder.mkdir()
    with Archive(folder / "store.db") as archive:
        put(archive, runs)
    with Home(folder) as home:
        alone = parse({"discovery": {"layers": []}} | settings, "desktop")
        peer = HubPeer(home, alone, interfaces=[HOST], port=0, sensed={})
        async with peer, listening(peer) as source:
            yield peer, source
