"""Writes an agreement, a promise, a word about one or of its own keys into the own feed."""

import asyncio
import base64
import binascii
import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mesh.core import peer_id as ids
from mesh.core.codec import cbor
from mesh.core.errors import LocalError, RemoteError
from mesh.core.relations import key, mark, pact
from mesh.hub.aside import to_the_end
from mesh.hub.failure import USAGE, Failure
from mesh.hub.operations import roster

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

Data = dict[str, Any]
KINDS = (pact.NAME, mark.NAME, key.NAME)
WRITE_S = 30.0
SIGN_S, LOOK_S = 10.0, 0.05
UNSIGNED = "look at `mesh log self` before it is said again; `mesh doctor` tells of a full disk"


def plain(kind: str, body: object) -> Data:
    """The arguments of state() for an entry."""
    return {"kind": kind, "body": base64.b64encode(cbor.encode(body)).decode()}


async def state(peer: "HubPeer", args: Mapping[str, Any]) -> Data:
    """Write an entry, sign it, and wait until it is kept: `kind`, and `body` as CBOR in base64.
    Gives its seq, and its ref as text. Failure, and nothing is written, if it is malformed.
    """
    kind = roster.text(args, "kind")
    if kind not in KINDS:
        raise Failure(f"'{kind}' is not written in this way", f"there are {KINDS}", USAGE)
    try:
        body = cbor.decode(base64.b64decode(roster.text(args, "body"), validate=True))
        seq = peer.write(kind, body)
    except (binascii.Error, RemoteError) as error:
        raise Failure(f"no body of an entry: {error}", code=USAGE) from error
    except LocalError as error:
        raise Failure(error.detail, error.help or "nothing was written", USAGE) from error
    own, node = peer.node.peer.feeds.own, peer.node
    node.acting.publish(peer.now())
    peer.driver.settle()
    # after a start nothing is signed until known peers told whether they hold more of this feed
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SIGN_S):
            while own.unkept:  # noqa: ASYNC110 - the core has no event for it
                await asyncio.sleep(LOOK_S)
    archive = node.peer.feeds.archive
    if own.unkept or archive is None:
        raise Failure(f"it is written, and not signed within {SIGN_S:.0f} s", UNSIGNED)
    await to_the_end(lambda: archive.flush(WRITE_S))
    return {"seq": seq, "ref": ids.to_text(own.link_at(seq))}
