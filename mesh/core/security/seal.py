"""Signed CoAP messages: a COSE_Sign1 as payload, bound to sender, receiver and request.

A request is signed for one peer, a response for one request, a representation for everybody.
See docs/protocol.md section 4.
"""

from collections import namedtuple

from mesh.core import codes
from mesh.core.coap.message import ACCEPT, CONTENT_FORMAT, ECHO, OBSERVE, URI_PATH, URI_QUERY
from mesh.core.codec.formats import COSE
from mesh.core.codec.utf8 import text
from mesh.core.errors import RemoteError
from mesh.core.security.cose import (
    ARRAY,
    BYTES,
    TEXT,
    UINT,
    check1,
    head,
    header,
    protect,
    sign1,
    split,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.coap.message import Message
    from mesh.core.kit import Identity, Kit


# A verified message. sender: its peer id; digest: SHA-256 of a request's COSE_Sign1, to which the
# response is bound
Opened = namedtuple("Opened", ("sender", "counter", "content_format", "payload", "digest"))


def seal_request(
    kit: "Kit",
    identity: "Identity",
    recipient: bytes,
    message: "Message",
    content_format: "int | None",
    payload: bytes,
) -> bytes:
    """Sign a request in place. Gives its digest, which open_response() needs.

    All options but Content-Format must be set before. content_format is only used with a payload.
    """
    aad = _request_aad(recipient, message)
    sealed = sign1(identity, _protect_counted(identity, content_format, payload), aad, payload)
    _put(message, sealed)
    return kit.sha256(sealed)


def open_request(kit: "Kit", own_id: bytes, message: "Message") -> "Opened":
    """Verify a signed request to us. Whether it is fresh is checked apart: see replay.py.

    RemoteError 4.15 if its Content-Format is not COSE, 4.00 if malformed, 4.01 if wrongly signed.
    """
    return _open_counted(kit, _sealed(message), _request_aad(own_id, message), True)


def seal_response(  # noqa: PLR0913, PLR0917 - three of them are what the response is bound to
    kit: "Kit",
    identity: "Identity",
    requester: bytes,
    digest: bytes,
    message: "Message",
    content_format: "int | None",
    payload: bytes,
) -> None:
    """Sign a response in place, for this requester and the request with this digest.

    Observe must be set before. content_format is only used with a payload.
    """
    aad = _response_aad(requester, digest, message)
    protected = protect(content_format if payload else None, None, None)
    _put(message, sign1(identity, protected, aad, payload))


def open_response(
    kit: "Kit", responder: bytes, own_id: bytes, digest: bytes, message: "Message"
) -> "tuple[int | None, bytes]":
    """Verify a response of this responder to our request with this digest. Gives its
    Content-Format and payload.

    RemoteError as in open_request().
    """
    parts = split(_sealed(message))
    content_format, kid, _ = header(kit, parts[0])
    if kid is not None and kid != responder:
        raise RemoteError("answered by somebody else", codes.UNAUTHORIZED)
    check1(kit, responder, parts, _response_aad(own_id, digest, message))
    return content_format, parts[1]


def seal_representation(
    kit: "Kit", identity: "Identity", content_format: "int | None", payload: bytes
) -> bytes:
    """Sign a representation for everybody."""
    return sign1(identity, _protect_counted(identity, content_format, payload), b"", payload)


def open_representation(kit: "Kit", data: bytes) -> "Opened":
    """Verify a representation. `digest` is empty. RemoteError as in open_request()."""
    return _open_counted(kit, data, b"", False)


def _protect_counted(identity: "Identity", content_format: "int | None", payload: bytes) -> bytes:
    return protect(content_format if payload else None, identity.public, identity.next_counter())


def _open_counted(kit: "Kit", data: bytes, aad: bytes, digest: bool) -> "Opened":
    parts = split(data)
    content_format, kid, counter = header(kit, parts[0])
    if kid is None or counter is None:
        raise RemoteError("COSE header without kid or cti")
    check1(kit, kid, parts, aad)
    return Opened(kid, counter, content_format, parts[1], kit.sha256(data) if digest else b"")


def _put(message: "Message", sealed: bytes) -> None:
    message.payload = sealed
    message.add(CONTENT_FORMAT, COSE)


def _sealed(message: "Message") -> bytes:
    if message.uint(CONTENT_FORMAT) != COSE:
        raise RemoteError("not signed", codes.UNSUPPORTED, "Content-Format 18, a COSE_Sign1")
    return message.payload


def _request_aad(recipient: bytes, message: "Message") -> bytes:
    """external_aad of a request."""
    echo = message.get(ECHO)
    return b"".join(
        [b"\x88\x71othermesh-request\x58\x20", recipient, head(UINT, message.code)]
        + _texts(message.all(URI_PATH))
        + _texts(message.all(URI_QUERY))
        + [
            _number(message.uint(OBSERVE)),
            _number(message.uint(ACCEPT)),
            b"\xf6" if echo is None else head(BYTES, len(echo)) + echo,
        ]
    )


def _response_aad(requester: bytes, digest: bytes, message: "Message") -> bytes:
    """external_aad of a response."""
    return b"".join(
        (
            b"\x85\x72othermesh-response\x58\x20",
            requester,
            b"\x58\x20",
            digest,
            head(UINT, message.code),
            _number(message.uint(OBSERVE)),
        )
    )


def _number(value: "int | None") -> bytes:
    return b"\xf6" if value is None else head(UINT, value)


def _texts(values: list[bytes]) -> list[bytes]:
    parts = [head(ARRAY, len(values))]
    for value in values:
        text(value)
        parts.append(head(TEXT, len(value)))
        parts.append(value)
    return parts
