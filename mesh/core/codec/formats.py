"""Encodes a value in the Content-Format that was requested."""

import json

from mesh.core import codes, peer_id
from mesh.core.codec.cbor import Decimal
from mesh.core.codec.senml import pack, to_json
from mesh.core.errors import RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.kit import Kit

# numbers of Content-Formats, only here (tests/rules/test_one_place.py)
COSE = 18  # application/cose; cose-type="cose-sign1"
LINKS = 40
JSON = 50
CBOR = 60
SENML_JSON = 110
SENML_CBOR = 112
PROBLEM = 257
PLAIN = (JSON, CBOR)  # formats of a value, for people and for programs
SENML = (SENML_JSON, SENML_CBOR)  # formats of SenML records, likewise
TITLES = {
    codes.BAD_REQUEST: "malformed",
    codes.UNAUTHORIZED: "not proven",
    codes.FORBIDDEN: "unwilling",
    codes.NOT_FOUND: "not here",
    codes.NOT_ALLOWED: "not that way",
    codes.NOT_ACCEPTABLE: "no such format",
    codes.TOO_LARGE: "too large",
    codes.UNSUPPORTED: "unknown format",
    codes.TOO_MANY: "too many",
    codes.FAULT: "a fault",
    codes.UNAVAILABLE: "busy",
}


def plain(value: object) -> object:
    """Convert a CBOR value for JSON: ids to base32, other bytes to hex, decimals to floats."""
    if isinstance(value, bytes):
        # b"".hex() is b"" on MicroPython up to 1.27
        return peer_id.to_text(value) if len(value) == 32 else value.hex() or ""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    return value


def represent(
    kit: "Kit",
    value: "Any",  # noqa: ANN401 - see below
    formats: tuple[int, ...],
    accept: "int | None",
    readable: bool,
) -> tuple[int, bytes]:
    """Encode a value in one of two formats (for people, for programs), or in the only one.

    With two, Accept decides; without Accept it is the first one if `readable`. Gives
    (Content-Format, bytes). RemoteError 4.06 if the format is not available.

    For SenML, `value` is (records, base name, when outdated or None, cache as {}); for link format
    it is bytes.
    """
    first, form = formats[0], formats[-1]
    if first != form:
        if accept not in (None, first, form):
            help = f"Accept {form} (CBOR) or {first} (JSON)"
            raise RemoteError("no such format here", codes.NOT_ACCEPTABLE, help)
        form = accept or (first if readable else form)
    if form == CBOR:
        made = kit.encode(value)
    elif form == JSON:
        made = json.dumps(plain(value)).encode()
    elif form == LINKS:
        made = value
    else:
        records, base, _, kept = value
        made = kept.get(form)
        if made is None:
            as_cbor = form == SENML_CBOR
            made = kit.encode(pack(records, base)) if as_cbor else to_json(records, base).encode()
            kept[form] = made
    return form, made


def problem(kit: "Kit", error: RemoteError) -> bytes:
    """Encode an error as concise problem details (RFC 9290): {-1: title, -2: detail and help}."""
    detail = error.detail + (": " + error.help if error.help else "")
    return kit.encode({-1: TITLES.get(error.code, "refused"), -2: detail})
