"""Decodes any CoAP response to plain data for JSON."""

import time
from typing import Any

from mesh.core import codes
from mesh.core.errors import RemoteError
from mesh.core.peer_id import to_text
from mesh.core.security.seal import open_representation
from mesh.hub.desktop_kit import make_kit
from mesh.hub.failure import FAILED, Failure
from mesh.hub.foreign import cose_any, problems
from mesh.hub.foreign.coap_client import Reply
from mesh.hub.foreign.lenient import looked_at
from mesh.hub.foreign.media_types import name_of
from mesh.hub.foreign.plain_json import jsonable

SIGNED = 18


def describe(uri: str, reply: Reply, now_s: float | None = None) -> dict[str, Any]:
    """An answer as {"uri", "code", "content_format", "format", "bytes", "signed_by", "notes",
    "content"}, and "diagnostic" for CBOR. Failure if it is an error, or a peer's with a wrong
    signature.
    """
    content_format, payload, signer = reply.content_format, reply.payload, None
    if content_format == SIGNED and cose_any.is_ours(payload):
        try:
            opened = open_representation(make_kit(), payload)
        except RemoteError as error:
            raise Failure(f"what {uri} answered is not validly signed: {error.detail}") from error
        content_format, payload = opened.content_format, opened.payload
        signer = to_text(opened.sender)
    read = looked_at(content_format, payload, time.time() if now_s is None else now_s)
    if reply.code >= codes.BAD_REQUEST:
        raise Failure(
            f"{uri} answered {codes.text(reply.code)}: {problems.reason(read.content)}",
            "mesh get on its /.well-known/core lists what it has",
            FAILED,
        )
    row = {
        "uri": uri,
        "code": codes.text(reply.code),
        "content_format": content_format,
        "format": name_of(content_format),
        "bytes": len(payload),
        "signed_by": signer,
        "notes": list(read.notes),
        "content": read.content,
    }
    if read.notation is not None:
        row["diagnostic"] = read.notation
    return jsonable(row)  # type: ignore[no-any-return]
