"""A peer of the minimum in another language, written from docs/protocol.md alone: it keeps to the
protocol, and lives among ours: everybody gets every reading of everybody."""

import asyncio
import contextlib
import json
import shutil
import signal
import subprocess

import needs
import pytest
from conforming import of, report
from hubs import until

from mesh.boards.virtual.process import VirtualBoard, configure
from mesh.core import peer_id
from mesh.core.address import address_text, read_address
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.errors import MeshError
from mesh.core.feed.chain import open_head
from mesh.core.policy.section_table import Sensor

PROGRAM = needs.ROOT / "tests" / "independent" / "peer.js"
UPTIME = {"uptime": Sensor("uptime", 1000, {})}
BOARD = {
    "name": "shed", "port": 0, "console": "json", "follow": "*",
    "discovery": {"layers": [], "interface": "127.0.0.1"},
    "sensors": {"uptime": {"kind": "uptime", "every_s": 1}},
    "limits": {"head_ms": 1000},
}  # fmt: skip
PATIENCE_S = 120
# what a peer of the minimum need not have (docs/minimum.md); all else it has to
OPTIONAL = {
    "a question may come in blocks",
    "a sensor can be observed",
    "a counter is taken once, and a new sender's after an Echo",
    "what is no offer of runs gets 4.00",
    "/feeds can be observed",
    "what is not understood is kept and passed on as it came",
    "a stranger is offered no updates",
    "a stranger's offers are not looked at",
}


def node():
    """The path of node."""
    return needs.program("node") or needs.missing("no node: `make test` as root installs it")


class Independent:
    """Such a peer as a process, which tells in a file what happens."""

    def __init__(self, folder, *addresses):
        given = [word for address in addresses for word in ("--peer", address)]
        self._path = folder / "told.jsonl"
        with self._path.open("w") as told:
            self.process = subprocess.Popen(
                [node(), str(PROGRAM), "--name", "other", *given], stdout=told
            )

    async def up(self):
        """Return once it has an `id` and an `address`."""
        await until(lambda: self._told("up"))
        [told] = self._told("up")
        self.id, self.address = peer_id.from_text(told["id"]), told["address"]

    def _told(self, event):
        whole = self._path.read_text().rpartition("\n")[0].splitlines()
        return [told for told in map(json.loads, whole) if told["event"] == event]

    def entries(self):
        """The seqs that it took, in their order, by author."""
        taken = {}
        for told in self._told("entry"):
            taken.setdefault(peer_id.from_text(told["author"]), []).append(told["seq"])
        return taken

    def newest(self, author):
        return max(self.entries().get(author, [0]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


async def until_told(asked):
    """Ask again and again, until there is something."""
    while not await asked():  # noqa: ASYNC110 - of other processes there is no event
        await asyncio.sleep(0.2)


async def newest_at(asker, peer, author):
    """The newest seq that a peer holds of an author."""
    with contextlib.suppress(MeshError):
        wishes = cbor.encode({author: None})
        answer = await asker.ask(peer, coap.FETCH, ["feeds"], wishes, 60)
        for item in cbor.decode(answer.payload):
            return open_head(asker.node.peer.kit, author, item)[0]
    return 0


@pytest.fixture
def board(built, tmp_path):
    folder = tmp_path / "shed"
    shutil.copytree(built, folder)
    configure(folder, BOARD)
    with VirtualBoard(folder) as one:
        yield one


def test_it_keeps_to_the_protocol(tmp_path):
    async def main():
        with Independent(tmp_path) as other:
            await other.up()
            rows = await report(read_address(other.address), True)
        fails = [row for row in rows if row.get("outcome") == "fail"]
        assert not fails, fails
        refused = {rule for rule in of(rows, "not offered") if not rule.startswith("TCP: ")}
        assert refused == OPTIONAL

    asyncio.run(main())


def test_the_vectors_hold_in_another_language():
    command = [node(), str(PROGRAM.with_name("vectors.js"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    told = json.loads(done.stdout)
    assert told["wrong"] == []
    assert told["tried"] >= 40


class Three:
    """A desktop, the id of a board, and the independent peer, in one mesh."""

    def __init__(self, desktop, board, other):
        self.desktop, self.board, self.other = desktop, board, other
        self.me = desktop.identity.public

    async def ends(self):
        """How far each has written."""
        ends = {self.me: self.desktop.node.peer.feeds.own.next_seq - 1}
        for peer in (self.board, self.other.id):
            ends[peer] = await newest_at(self.desktop, peer, peer)
        return ends

    async def have(self, author, seq):
        """Whether all have what an author wrote up to a seq."""
        feed = self.desktop.node.peer.feeds.get(author)
        return (
            (author == self.me or (feed is not None and feed.next_seq > seq))
            and (author == self.other.id or self.other.newest(author) >= seq)
            and (author == self.board or await newest_at(self.desktop, self.board, author) >= seq)
        )

    async def agreed(self):
        """Return once each has of each what there was when this began."""
        ends = await self.ends()
        assert all(ends.values()), ends
        for author, seq in ends.items():
            await until_told(lambda: self.have(author, seq))  # noqa: B023 - called before the next


async def in_good_order(three):
    """Nothing is missing at the small one, and nobody has a fault."""
    entries = three.other.entries()
    for seqs in entries.values():
        assert seqs == list(range(seqs[0], seqs[-1] + 1)), "a gap stayed"
    assert set(entries) == {three.board, three.me}
    about = await three.desktop.ask(three.board, coap.FETCH, ["peer"])
    assert cbor.decode(about.payload)["faults"] == 0
    assert three.desktop.faults.count == 0


def test_one_of_each_in_a_mesh(start, board, tmp_path):
    """Also after the small one heard nothing for a while."""

    async def main():
        joined = board.wait("joined")
        board.wait("measured", sensor="uptime")
        async with asyncio.timeout(PATIENCE_S), start("hall", sensed=UPTIME) as desktop:
            here = address_text(desktop.address)
            with Independent(tmp_path, joined["address"], here) as other:
                await other.up()
                three = Three(desktop, peer_id.from_text(joined["id"]), other)
                for address in (joined["address"], other.address):
                    desktop.node.candidate(desktop.now(), None, read_address(address), "given")
                desktop.driver.settle()
                for peer in (three.board, other.id):
                    await desktop.wait_for_peer(peer)
                own = desktop.node.peer.feeds.own
                await until(lambda: own.next_seq > 1)
                await until_told(lambda: newest_at(desktop, three.board, three.board))
                await three.agreed()
                other.process.send_signal(signal.SIGSTOP)
                seq = own.next_seq
                await until(lambda: own.next_seq > seq + 4)
                other.process.send_signal(signal.SIGCONT)
                await three.agreed()
                await in_good_order(three)

    asyncio.run(main())
