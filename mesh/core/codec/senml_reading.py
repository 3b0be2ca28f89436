"""Decoder of SenML packs (RFC 8428 s.4, s.6). Not loaded by a board that follows no peer."""

from mesh.core.codec.cbor import Decimal
from mesh.core.codec.senml import (
    BASE_NAME,
    BASE_SUM,
    BASE_TIME,
    BASE_UNIT,
    BASE_VALUE,
    BOOL,
    DATA,
    NAME,
    RECORDS,
    SUM,
    TEXT,
    TIME,
    UNIT,
    VALUE,
    VERSION,
    Record,
    is_name,
    is_number,
)
from mesh.core.errors import RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Number = int | float | Decimal


def unpack(value: object) -> list[Record]:
    """Resolve the records of a decoded pack. RemoteError if it is invalid. Times stay relative.

    Data values, and sums without a value, are skipped.
    """
    if not isinstance(value, list) or len(value) > RECORDS:
        raise RemoteError("no SenML pack")
    base: dict[int, Any] = {}
    records = []
    for fields in value:
        if not isinstance(fields, dict):
            raise RemoteError("no SenML record")
        for label, field in fields.items():
            if not _fits(label, field):
                raise RemoteError("SenML field of the wrong kind")
            if label in (BASE_NAME, BASE_TIME, BASE_UNIT, BASE_VALUE, BASE_SUM):
                base[label] = field
        record = _resolve(base, fields)
        if record:
            records.append(record)
    return records


def _fits(label: object, field: object) -> bool:
    """Whether a field has the type of its label. Unknown labels may have any (s.4.4)."""
    if label in (BASE_NAME, BASE_UNIT, NAME, UNIT, TEXT):
        return isinstance(field, str)
    if label in (BASE_TIME, BASE_VALUE, BASE_SUM, VALUE, SUM, TIME):
        return is_number(field)
    if label == VERSION:
        return type(field) is int and 0 < field < 11
    if label == BOOL:
        return isinstance(field, bool)
    return not isinstance(label, str) or not label.endswith("_")


def _resolve(base: "dict[int, Any]", fields: "dict[int, Any]") -> Record | None:
    """Resolve a record with the base fields in force (s.4.6). None if it is skipped."""
    name = base.get(BASE_NAME, "") + fields.get(NAME, "")
    if not is_name(name):
        raise RemoteError("SenML name")
    held = [label for label in (VALUE, TEXT, BOOL, DATA) if label in fields]
    if len(held) > 1:
        raise RemoteError("SenML record with two values")
    label = held[0] if held else VALUE
    value = fields.get(label)
    if label == VALUE:
        value = _add(base.get(BASE_VALUE), value)
    if label == DATA or (not held and (SUM in fields or BASE_SUM in base)):
        return None
    if value is None:
        raise RemoteError("SenML record without a value")
    time = _add(base.get(BASE_TIME), fields.get(TIME))
    if isinstance(time, Decimal):
        time = float(time)
    return Record(name, fields.get(UNIT, base.get(BASE_UNIT)), value, time)


def _add(a: "Number | None", b: "Number | None") -> "Number | None":
    """Add two numbers, either of which may be None. Exact unless one is a float."""
    if a is None or b is None:
        return b if a is None else a
    if isinstance(a, float) or isinstance(b, float):
        around = float(a) + float(b)
        if is_number(around):
            return around
    else:
        a, of_a = _parts(a)
        b, of_b = _parts(b)
        exponent = min(of_a, of_b)
        total: int = a * 10 ** (of_a - exponent) + b * 10 ** (of_b - exponent)
        if total >> 63 in (0, -1):
            return Decimal(total, exponent) if exponent else total
    raise RemoteError("SenML sum out of range")


def _parts(n: int | Decimal) -> tuple[int, int]:
    return (n.mantissa, n.exponent) if isinstance(n, Decimal) else (n, 0)
