"""Lenient decoder of SenML (RFC 8428); the core's is the strict one for peers.

Unreadable records are left out with a note, as the others may still be of use.
"""

import base64
import binascii
import decimal
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mesh.core import codes
from mesh.core.errors import RemoteError
from mesh.hub.foreign.odd_text import marked

VERSION = 10  # version of RFC 8428; packs of later ones must not be used (s.4.4)
RELATIVE_S = 1 << 28  # times below that are relative to now (s.4.5.3)
# JSON labels by CBOR labels (s.6 table 4), and those of early drafts, used by LwM2M 1.0
LABELS: Mapping[int, str] = {
    -6: "bs", -5: "bv", -4: "bu", -3: "bt", -2: "bn", -1: "bver",
    0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd",
}  # fmt: skip
FORMER = {"sv": "vs", "ov": "vs"}
BASES = ("bn", "bt", "bu", "bv", "bs")
VALUES = ("v", "vs", "vb", "vd")
KNOWN = frozenset((*LABELS.values(), *FORMER))

Fields = Mapping[str, Any]
Row = dict[str, Any]


class Resolved(NamedTuple):
    """Rows {"name", "value", "unit", "time", and "sum" or "update_s" if given}; and notes on what
    was left out.
    """

    rows: list[Row]
    notes: list[str]


def labelled(pairs: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """The fields of a record by their JSON labels; other keys unchanged."""
    fields: dict[str, Any] = {}
    for key, value in pairs:
        known = LABELS.get(key) if type(key) is int else key
        fields.setdefault(known if isinstance(known, str) else str(key), value)
    return fields


def resolve(records: list[Any], now_s: float) -> Resolved:
    """Resolve base fields (s.4.6). Times become Unix seconds, relative ones by `now_s`; None if
    not given. RemoteError for a pack that must not be used.
    """
    base: dict[str, Any] = {}
    rows: list[Row] = []
    reasons: list[str] = []
    for record in records:
        try:
            row = _record(base, record, now_s)
        except RemoteError as error:
            if error.code == codes.UNSUPPORTED:  # the pack as a whole
                raise
            reasons.append(error.detail)
            continue
        if row is not None:
            rows.append(row)
    notes = []
    if reasons:
        records_are = "1 record is" if len(reasons) == 1 else f"{len(reasons)} records are"
        notes.append(f"{records_are} left out: " + "; ".join(sorted(set(reasons))[:3]))
    return Resolved(rows, notes)


def _record(base: dict[str, Any], record: Any, now_s: float) -> Row | None:  # noqa: ANN401
    if not isinstance(record, Mapping):
        raise RemoteError("a record that is no map")
    fields: dict[str, Any] = {}
    for label, value in record.items():
        fields.setdefault(FORMER.get(label) or label, value)
    version = fields.get("bver", VERSION)
    if not _is_number(version) or version > VERSION:
        raise RemoteError(f"SenML of version {version!r:.20} is not known here", codes.UNSUPPORTED)
    must = [label for label in fields if label.endswith("_") and label not in KNOWN]
    if must:
        raise RemoteError(f"{must[0]} has to be understood, and is not known here")
    base.update({label: fields[label] for label in BASES if label in fields})
    if fields and all(label in (*BASES, "bver") for label in fields):
        return None  # it has base fields only
    return _row(base, fields, now_s)


def _row(base: Fields, fields: Fields, now_s: float) -> Row:
    unit = fields.get("u", base.get("bu"))
    row = {
        "name": _text(base.get("bn", "")) + _text(fields.get("n", "")),
        "value": _value(base, fields),
        "unit": unit if unit is None else _text(unit),
        "time": _time(base.get("bt"), fields.get("t"), now_s),
    }
    total = _added(base.get("bs"), fields.get("s"))
    if total is not None:
        row["sum"] = total
    if "ut" in fields:
        row["update_s"] = fields["ut"]
    if row["value"] is None and total is None:
        raise RemoteError("a record without a value")
    return row


def _value(base: Fields, fields: Fields) -> Any:  # noqa: ANN401 - number, text, truth or bytes
    held = [label for label in VALUES if label in fields]
    if len(held) > 1:
        raise RemoteError("a record with two values")
    label = held[0] if held else "v"
    value = fields.get(label)
    if label == "v" and (value is None or _is_number(value)):
        return value if "s" in fields and value is None else _added(base.get("bv"), value)
    return _data(value) if label == "vd" else value


def _data(value: Any) -> Any:  # noqa: ANN401 - whatever it is
    """Bytes; in JSON they are base64url without padding (s.5)."""
    if isinstance(value, bytes):
        return marked(value)
    if isinstance(value, str):
        try:
            padded = value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4)
            return marked(base64.b64decode(padded, altchars=b"-_", validate=True))
        except (binascii.Error, ValueError):
            return value
    return value


def _time(base: Any, offset: Any, now_s: float) -> float | str | None:  # noqa: ANN401
    if base is None and offset is None:
        return None
    when = _added(base, offset)
    if not _is_number(when):
        raise RemoteError("a time that is no number")
    told: float | str = _added(now_s, when) if when < RELATIVE_S else when
    return told


def _added(base: Any, value: Any) -> Any:  # noqa: ANN401 - numbers, or what came instead
    """The sum of two numbers, one of which may be missing. Decimals stay exact."""
    if base is None or value is None:
        return value if base is None else base
    if not _is_number(base) or not _is_number(value):
        raise RemoteError("a number that is none")
    if isinstance(base, int) and isinstance(value, int):
        return base + value
    try:
        return float(decimal.Decimal(repr(base)) + decimal.Decimal(repr(value)))
    except decimal.DecimalException:  # sum of infinities
        raise RemoteError("a sum that is no number") from None


def _is_number(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:  # noqa: ANN401
    return value if isinstance(value, str) else str(value)
