"""What a CoAP answer holds, whoever gave it, as plain data that JSON can hold."""

import time
from typing import Any

from mesh.core import coap
from mesh.core.errors import RemoteError
from mesh.core.ids import to_text
from mesh.core.message import open_representation
from mesh.hub import cose_any, problems
from mesh.hub.failure import FAILED, Failure
from mesh.hub.foreign import Reply
from mesh.hub.lenient import looked_at
from mesh.hub.media_types import name_of
from mesh.hub.plain_json import jsonable
from mesh.hub.primitives import make_kit

SIGNED = 18
ERROR = 0x80  # codes from here on are refusals


def describe(uri: str, reply: Reply, now_s: float | None = None) -> dict[str, Any]:
    """An answer as {"uri", "code", "content_format", "format", "bytes", "signed_by", "notes",
    "content"}, and "diagnostic" for CBOR. Failure if it is a refusal, or a peer's and forged.
    """
    content_format, payload, signer = reply.content_format, reply.payload, None
    if content_format == SIGNED and cose_any.is_ours(payload):
        try:
            opened = open_representation(make_kit(), payload)
        except RemoteError as error:
            raise Failure(
                f"what {uri} answered is not what anybody signed: {error.detail}"
            ) from error
        content_format, payload = opened.content_format, opened.payload
        signer = to_text(opened.sender)
    read = looked_at(content_format, payload, time.time() if now_s is None else now_s)
    if reply.code >= ERROR:
        raise Failure(
            f"{uri} answered {coap.code_text(reply.code)}: {problems.reason(read.content)}",
            "mesh get on its /.well-known/core lists what it has",
            FAILED,
        )
    row = {
        "uri": uri,
        "code": coap.code_text(reply.code),
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
