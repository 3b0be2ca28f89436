"""What a CoAP answer holds, by its Content-Format, as plain data."""

import json
import re
from collections.abc import Callable
from typing import Any

from mesh.core import cbor, coap, senml
from mesh.core.errors import LocalError, RemoteError
from mesh.core.ids import to_text
from mesh.core.message import open_representation
from mesh.hub import answers, diagnostic
from mesh.hub.failure import FAILED, Failure
from mesh.hub.foreign import Reply
from mesh.hub.primitives import make_kit

NAMES = {
    0: "text/plain",
    18: "application/cose; cose-type=cose-sign1",
    40: "application/link-format",
    42: "application/octet-stream",
    50: "application/json",
    60: "application/cbor",
    110: "application/senml+json",
    112: "application/senml+cbor",
    257: "application/concise-problem-details+cbor",
}
SIGNED = 18
ERROR = 0x80  # codes from here on are refusals
# SenML labels in JSON and in CBOR (RFC 8428 s.4.2, s.6)
LABELS = {
    "bver": -1, "bn": -2, "bt": -3, "bu": -4, "bv": -5, "bs": -6,
    "n": 0, "u": 1, "v": 2, "vs": 3, "vb": 4, "s": 5, "t": 6, "ut": 7, "vd": 8,
}  # fmt: skip
_LINK = re.compile(r'<([^>]*)>((?:;[^;,="]+(?:="[^"]*"|=[^;,"]*)?)*)')
_ATTRIBUTE = re.compile(r';([^;,="]+)(?:="([^"]*)"|=([^;,"]*))?')


def describe(uri: str, reply: Reply) -> dict[str, Any]:
    """An answer as {"uri", "code", "format", "content_format", "signed_by", "content"}.

    Failure if it is a refusal, or not what anybody signed.
    """
    content_format, payload, signer = reply.content_format, reply.payload, None
    if content_format == SIGNED:
        try:
            opened = open_representation(make_kit(), payload)
            content_format, payload, signer = (
                opened.content_format,
                opened.payload,
                to_text(opened.sender),
            )
        except RemoteError as error:
            raise Failure(
                f"what {uri} answered is not what anybody signed: {error.detail}"
            ) from error
    content = decoded(content_format, payload)
    if reply.code >= ERROR:
        raise Failure(
            f"{uri} answered {coap.code_text(reply.code)}: {_reason(content)}",
            "mesh get on its /.well-known/core lists what it has",
            FAILED,
        )
    return {
        "uri": uri,
        "code": coap.code_text(reply.code),
        "content_format": content_format,
        "format": NAMES.get(content_format or 0, "unknown"),
        "signed_by": signer,
        "content": content,
    }


def decoded(content_format: int | None, payload: bytes) -> Any:  # noqa: ANN401 - whatever it holds
    """A payload as plain data; where it is not what its format says, its text or hex."""
    reader = READERS.get(content_format or 0, readable)
    try:
        return reader(payload)
    except (RemoteError, LocalError, ValueError, RecursionError):
        return readable(payload)


def readable(payload: bytes) -> str:
    """Text if it is some, else hex."""
    try:
        text = payload.decode()
    except UnicodeError:
        return payload.hex()
    return text if all(c.isprintable() or c.isspace() for c in text) else payload.hex()


def links(payload: bytes) -> list[dict[str, Any]]:
    """The links of RFC 6690, each {"href", attribute: value}; true for one without a value."""
    found = []
    for href, rest in _LINK.findall(payload.decode()):
        link: dict[str, Any] = {"href": href}
        for name, quoted, bare in _ATTRIBUTE.findall(rest):
            link[name] = quoted or bare or True
        found.append(link)
    return found


def _senml(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - whatever it holds
    return [
        {
            "name": r.name,
            "value": answers.plain(r.value),
            "unit": r.unit,
            "time": answers.plain(r.time),
        }
        for r in senml.unpack(value)
    ]


def _senml_json(payload: bytes) -> list[dict[str, Any]]:
    pack = json.loads(payload)
    if not isinstance(pack, list) or not all(isinstance(record, dict) for record in pack):
        raise ValueError
    return _senml([{LABELS.get(k, k): v for k, v in record.items()} for record in pack])


def _problem(payload: bytes) -> dict[str, Any]:
    titles = {
        "-1": "title",
        "-2": "detail",
        "-3": "instance",
        "-4": "response_code",
    }  # RFC 9290 s.2
    content = diagnostic.look(payload)
    if not isinstance(content, dict):
        raise RemoteError("problem details are a map")
    return {titles.get(str(key), str(key)): value for key, value in content.items()}


def _reason(content: Any) -> str:  # noqa: ANN401 - whatever it holds
    if isinstance(content, dict):
        return str(content.get("detail") or content.get("title") or content)
    return str(content) or "no reason given"


READERS: dict[int, Callable[[bytes], Any]] = {
    0: readable,
    40: links,
    42: bytes.hex,
    50: json.loads,
    60: diagnostic.look,
    110: _senml_json,
    112: lambda payload: _senml(cbor.decode(payload)),
    257: _problem,
}
