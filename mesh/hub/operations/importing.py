"""Imports runs and fork proofs from a file into the store, verified as those from the network."""

import asyncio
import base64
import binascii
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mesh.core import peer_id as ids
from mesh.core.errors import RemoteError
from mesh.core.feed.chain import author_of, claim, read_run
from mesh.core.node import Node
from mesh.core.replication.resume import leap
from mesh.hub.failure import USAGE, Failure
from mesh.hub.home.home import Home
from mesh.hub.store import sequence

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

FLUSH_S = 30.0  # time for writing to the store
RUN, EVIDENCE = 5, 2  # number of items in each; a run may have more
ID = 32  # bytes of a peer id
UNWANTED = "the settings keep nothing of it"
Data = dict[str, Any]


class Intake:
    """Imports items of a file for a node with an archive. `home`: of the same peer."""

    def __init__(self, node: Node, home: Home) -> None:
        self._node = node
        self._home = home
        self._feeds = node.peer.feeds

    async def take(self, data: bytes, now_ms: int) -> list[Data]:
        """Import a CBOR sequence. Yields {"id", "new", "known", "proof", "own", "error"} for each
        item.

        What is reported as new is in the store. RemoteError if it is no sequence; LocalError if it
        cannot be written.
        """
        rows = []
        for item in sequence.cut(io.BytesIO(data)):
            rows.append(self._one(item.data, now_ms))
            await asyncio.sleep(0)  # lets other tasks run
        if self._feeds.archive is not None:
            await asyncio.to_thread(self._feeds.archive.flush, FLUSH_S)
        return rows

    def _one(self, data: bytes, now_ms: int) -> Data:
        row: Data = {"id": None, "new": 0, "known": 0, "proof": False, "own": 0, "error": None}
        try:
            value: Any = self._node.peer.kit.decode(data)
            if not isinstance(value, list) or EVIDENCE != len(value) < RUN:
                raise RemoteError("neither a run nor evidence")
            row["proof"] = len(value) == EVIDENCE
            author = self._author(value)
            row["id"] = ids.to_text(author)
            if row["proof"]:
                row["new"] = int(self._feeds.prove(author, value))
            elif author == self._feeds.own.author:
                row["own"] = self._own(value, now_ms)
            else:
                row |= self._run(author, value, now_ms)
        except RemoteError as error:
            row["error"] = error.detail
        return row

    def _author(self, value: "list[Any]") -> bytes:
        said = value[0] if len(value) == EVIDENCE else value
        author = (
            claim(self._node.peer.kit, said)[0] if isinstance(said, bytes) else author_of(said)
        )
        if author is None or len(author) != ID:
            raise RemoteError("without an author")
        return author

    def _run(self, author: bytes, value: "list[Any]", now_ms: int) -> Data:
        feeds = self._feeds
        if not isinstance(value[3], list):
            raise RemoteError("not a run")
        if feeds.archive is not None and feeds.wants(author):
            size = sum(len(one) for one in value[3] if isinstance(one, bytes))
            feeds.archive.admit(author, size, None, asked=True)
        new = feeds.accept(now_ms, value)
        if new is None:
            return {"error": UNWANTED}
        return {"new": new, "known": len(value[3]) - new}

    def _own(self, value: "list[Any]", now_ms: int) -> int:
        """Handle a run of our own feed; gives its last seq.

        It is not imported, as a file may be older than what other peers hold. If it has entries
        that we lack, or other ones, our feed continues beyond them, where nothing was signed yet.
        """
        run = read_run(self._node.peer.kit, value, self._node.limits)
        own = self._feeds.own
        known = own.first_seq - 1 <= run.seq < own.next_seq
        if run.seq >= own.next_seq or (known and own.link_at(run.seq) != run.links[-1]):
            first, last = own.since + 1, own.next_seq - 1
            begins = leap(self._node.peer.kit, own, self._home.boots, run.seq)
            if self._feeds.archive is not None and first <= last:
                # other entries were signed there
                self._feeds.archive.hide(own.author, first, last)
            self._home.reached(begins - 1)  # even if nothing is stored before the next start
            self._node.newest.leapt(now_ms)
        return int(run.seq)


async def take(peer: "HubPeer", args: Mapping[str, Any]) -> list[Data]:
    """Import runs and fork proofs: `items` is a CBOR sequence in base64."""
    try:
        data = base64.b64decode(args.get("items", ""), validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise Failure("items are a CBOR sequence in base64", code=USAGE) from error
    rows = await Intake(peer.node, peer.home).take(data, peer.now())
    peer.driver.settle()
    return rows
