"""A value as bytes in the format that was asked for."""

import json

from mesh.core import ids
from mesh.core.cbor import Decimal
from mesh.core.errors import RemoteError
from mesh.core.senml import pack, to_json

LINKS = 40
JSON = 50
CBOR = 60
SENML_JSON = 110
SENML_CBOR = 112
PROBLEM = 257


def plain(value: object) -> object:
    """Make a CBOR value fit for JSON: ids as base32 text, other bytes as hex, decimals as numbers."""
    if isinstance(value, bytes):
        return ids.to_text(value) if len(value) == 32 else value.hex()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    return value


def represent(kit, value, accept: "int | None", readable: bool) -> tuple[int, bytes]:  # type: ignore[no-untyped-def]
    """Encode a value: JSON if Accept says so or, without Accept, if a person may be reading.

    Returns (Content-Format, bytes). RemoteError 4.06 for a format that we do not have.
    """
    if accept is None:
        accept = JSON if readable else CBOR
    if accept == CBOR:
        return CBOR, kit.encode(value)
    if accept == JSON:
        return JSON, json.dumps(plain(value)).encode()
    raise RemoteError("no such format here", 0x86, "Accept 60 (CBOR) or 50 (JSON)")


def represent_senml(kit, records, base: str, accept: "int | None", readable: bool) -> tuple[int, bytes]:  # type: ignore[no-untyped-def]
    """Encode readings as SenML (RFC 8428): Content-Format 112 or 110. RemoteError 4.06 for another."""
    if accept is None:
        accept = SENML_JSON if readable else SENML_CBOR
    if accept == SENML_CBOR:
        return SENML_CBOR, kit.encode(pack(records, base))
    if accept == SENML_JSON:
        return SENML_JSON, to_json(records, base).encode()
    raise RemoteError("no such format here", 0x86, "Accept 112 (SenML CBOR) or 110 (SenML JSON)")


def problem(kit, error) -> bytes:  # type: ignore[no-untyped-def]
    """Concise problem details (RFC 9290): {-1: title, -2: detail and what would help}."""
    detail = error.detail + (": " + error.help if error.help else "")
    return kit.encode({-1: _title(error.code), -2: detail})


def _title(code: int) -> str:
    titles = {
        0x80: "malformed",
        0x81: "not proven",
        0x83: "unwilling",
        0x84: "not here",
        0x85: "not that way",
        0x86: "no such format",
        0x8D: "too large",
        0x8F: "unknown format",
        0x9D: "too many",
        0xA3: "busy",
    }
    return titles.get(code, "refused")
