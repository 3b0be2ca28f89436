"""A value as bytes in the format that was asked for."""

import json

from mesh.core import ids
from mesh.core.cbor import Decimal
from mesh.core.errors import RemoteError
from mesh.core.senml import pack, to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.primitives import Kit

LINKS = 40
JSON = 50
CBOR = 60
SENML_JSON = 110
SENML_CBOR = 112
PROBLEM = 257
TITLES = {
    0x80: "malformed",
    0x81: "not proven",
    0x83: "unwilling",
    0x84: "not here",
    0x85: "not that way",
    0x86: "no such format",
    0x8D: "too large",
    0x8F: "unknown format",
    0x9D: "too many",
    0xA0: "a fault",
    0xA3: "busy",
}


def plain(value: object) -> object:
    """Make a CBOR value fit for JSON: ids as base32, other bytes as hex, decimals as numbers."""
    if isinstance(value, bytes):
        return ids.to_text(value) if len(value) == 32 else value.hex()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    return value


def represent(
    kit: "Kit",
    value: "Any",  # noqa: ANN401 - whatever a resource holds
    base: str,
    accept: "int | None",
    readable: bool,
) -> tuple[int, bytes]:
    """Encode a value, or with a base name the SenML records (RFC 8428) that it is.

    JSON if Accept says so or, without Accept, if a person may be reading; else CBOR. Returns
    (Content-Format, bytes). RemoteError 4.06 for a format that we do not have.
    """
    as_json, as_cbor = (SENML_JSON, SENML_CBOR) if base else (JSON, CBOR)
    if accept is None:
        accept = as_json if readable else as_cbor
    if accept == as_cbor:
        return accept, kit.encode(pack(value, base) if base else value)
    if accept == as_json:
        return accept, (to_json(value, base) if base else json.dumps(plain(value))).encode()
    raise RemoteError("no such format here", 0x86, f"Accept {as_cbor} (CBOR) or {as_json} (JSON)")


def problem(kit: "Kit", error: RemoteError) -> bytes:
    """Concise problem details (RFC 9290): {-1: title, -2: detail and what would help}."""
    detail = error.detail + (": " + error.help if error.help else "")
    return kit.encode({-1: TITLES.get(error.code, "refused"), -2: detail})
