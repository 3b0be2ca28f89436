"""Compares our store with what other peers hold, by their heads."""

import contextlib
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from mesh.core import peer_id as ids
from mesh.core.errors import RemoteError
from mesh.core.feed.fork_proof import fork_of
from mesh.core.limits import Limits
from mesh.hub.desktop_kit import make_kit
from mesh.hub.failure import Failure
from mesh.hub.operations import session
from mesh.hub.store import rows
from mesh.hub.store.healing import proof
from mesh.hub.store.queries import Queries
from mesh.hub.store.rows import Row

ENDS = """
    SELECT author.id, key, last, link FROM author JOIN run ON run.author = author.id
    AND first = (SELECT max(first) FROM run WHERE author = author.id) ORDER BY key
"""
HOLDING = f"SELECT {rows.COLUMNS} FROM run WHERE author = ? AND first = ?"


def ends(store: Queries) -> Iterator[tuple[bytes, int, bytes, int]]:
    """How far each feed is stored: author, last seq, its link, number of gaps before it."""
    for _, author, last, link in store.database.execute(ENDS).fetchall():
        yield author, last, link, max(0, len(store.spans(author)) - 1)


def link_at(store: Queries, author: bytes, seq: int) -> bytes | None:
    """The link of a stored entry; None if it is not stored."""
    found = store.database.execute("SELECT id FROM author WHERE key = ?", (author,)).fetchone()
    if found is None:
        return None
    first = rows.from_seq(store.database, found[0], seq)
    one = store.database.execute(HOLDING, (found[0], first)).fetchone()
    row = None if one is None else Row(*one)
    if row is None or not row.first <= seq <= row.last:
        return None
    entries = rows.unpacked(row.entries)[: seq + 1 - row.first]
    return rows.links(row.before, entries)[-1]


def forks(store: Queries) -> dict[bytes, int]:
    """The seqs at which feeds forked, of each author of whom that is proven."""
    found = {}
    for author, pair in store.proofs():
        with contextlib.suppress(RemoteError):  # no proof, as one finds who opens the store
            found[author] = fork_of(make_kit(), author, list(proof(pair) or ()), Limits())
    return found


async def compare(
    path: Path, choices: session.Choices, wait_s: float
) -> AsyncGenerator[dict[str, Any], None]:
    """Yield for each peer that is up {"event", "peer", "detail"}. "event" is "same", "behind",
    "apart", or "silent" with a "code".
    """
    async with session.asking(choices, wait_s) as do:
        async with aclosing(do("peers", {})) as found:
            listed = [row async for some in found for row in some if row["state"] == "up"]
        for row in listed:
            name = row["petname"] or row["name"] or row["short"]
            try:
                args = {"peer": row["id"], "timeout": wait_s}
                async with aclosing(do("heads", args)) as told:
                    heads = [each async for some in told for each in some]
            except Failure as failure:
                detail, code = failure.detail, failure.exit_code
                yield {"event": "silent", "peer": name, "detail": detail, "code": code}
            else:
                yield _compared(path, name, heads)


def _compared(path: Path, peer: str, heads: list[dict[str, Any]]) -> dict[str, Any]:
    behind = []
    with Queries(path) as store:
        for head in heads:
            author = ids.from_text(head["author"])
            link = link_at(store, author, head["seq"])
            if link is None:
                behind.append(f"{head['author'][: ids.SHORT]} {head['seq']}")
            elif link.hex() != head["link"]:
                detail = f"{peer} holds another entry {head['seq']} of {head['author']}"
                return {"event": "apart", "peer": peer, "detail": detail}
    if behind:
        detail = f"{peer} has what is not kept here: {', '.join(behind)}"
        return {"event": "behind", "peer": peer, "detail": detail}
    return {"event": "same", "peer": peer, "detail": ""}
