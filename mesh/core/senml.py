"""SenML packs (RFC 8428): readings as CBOR maps with integer labels, or as JSON."""

import json
from collections import namedtuple

from mesh.core.cbor import Decimal
from mesh.core.errors import LocalError, RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Number = int | float | Decimal

# unit, time: None if not told. time: seconds, before 2**28 relative to now (s.4.5.3)
Record = namedtuple("Record", ("name", "unit", "value", "time"))

RECORDS = 64  # in one pack

# s.6 table 4; JSON's labels of s.5.1 table 3 for those that we write
_VERSION = -1
_BASE_NAME = -2
_BASE_TIME = -3
_BASE_UNIT = -4
_BASE_VALUE = -5
_BASE_SUM = -6
_NAME = 0
_UNIT = 1
_VALUE = 2
_TEXT = 3
_BOOL = 4
_SUM = 5
_TIME = 6
_DATA = 8
_JSON = {
    _BASE_NAME: "bn",
    _NAME: "n",
    _UNIT: "u",
    _VALUE: "v",
    _TEXT: "vs",
    _BOOL: "vb",
    _TIME: "t",
}

_SIGNS = "-:./_"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + _SIGNS


def pack(records: list[Record], base_name: str | None = None) -> list[dict[int, object]]:
    """The records as a value for CBOR, named below base_name. LocalError if SenML bars them."""
    if len(records) > RECORDS:
        raise LocalError("too many SenML records")
    maps: list[dict[int, object]] = []
    for name, unit, value, time in records:
        if not _is_name((base_name or "") + name):
            raise LocalError("no SenML name: " + name)
        fields: dict[int, object] = {_NAME: name, _label(value): value}
        if base_name and not maps:
            fields[_BASE_NAME] = base_name
        if unit:
            fields[_UNIT] = unit
        if time:
            fields[_TIME] = time
        maps.append(fields)
    return maps


def unpack(value: object) -> list[Record]:
    """The resolved records of a decoded pack; RemoteError if it is none. Times stay relative.

    Data values and sums without a value are passed over.
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
            if label in (_BASE_NAME, _BASE_TIME, _BASE_UNIT, _BASE_VALUE, _BASE_SUM):
                base[label] = field
        record = _resolve(base, fields)
        if record:
            records.append(record)
    return records


def to_json(records: list[Record], base_name: str | None = None) -> str:
    """The records as SenML JSON, decimal fractions with all their digits. LocalError as pack."""
    maps = []
    for fields in pack(records, base_name):
        parts = []
        for label in sorted(fields):
            field = fields[label]
            text = str(field) if isinstance(field, Decimal) else json.dumps(field)
            parts.append(f'"{_JSON[label]}":{text}')
        maps.append("{" + ",".join(parts) + "}")
    return "[" + ",".join(maps) + "]"


def number(value: float, digits: int) -> int | Decimal:
    """A measured float rounded to `digits` decimals (at most 9), exact, without trailing zeros.

    LocalError if it is not finite or too large.
    """
    if value - value != 0:
        raise LocalError("not a finite number")
    mantissa = round(value * 10**digits)
    while digits and mantissa % 10 == 0:
        mantissa //= 10
        digits -= 1
    return Decimal(mantissa, -digits) if digits else mantissa


def _label(value: object) -> int:
    if isinstance(value, bool):
        return _BOOL
    if isinstance(value, str):
        return _TEXT
    if _is_number(value):
        return _VALUE
    raise LocalError("no SenML value")


def _is_number(value: object) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, (int, float)):
        return -3.4028235e38 <= value <= 3.4028235e38  # what 32 bits hold
    return isinstance(value, Decimal)


def _is_name(name: str) -> bool:
    """RFC 8428 s.4.5.1; the length is our limit."""
    return 0 < len(name) < 256 and name[0] not in _SIGNS and not name.strip(_LETTERS)


def _fits(label: object, field: object) -> bool:
    """Whether a field has the type of its label; unknown labels may hold anything (s.4.4)."""
    if label in (_BASE_NAME, _BASE_UNIT, _NAME, _UNIT, _TEXT):
        return isinstance(field, str)
    if label in (_BASE_TIME, _BASE_VALUE, _BASE_SUM, _VALUE, _SUM, _TIME):
        return _is_number(field)
    if label == _VERSION:
        return type(field) is int and 0 < field < 11
    if label == _BOOL:
        return isinstance(field, bool)
    return not isinstance(label, str) or not label.endswith("_")


def _resolve(base: "dict[int, Any]", fields: "dict[int, Any]") -> Record | None:
    """A record with the base fields that are in force worked in (s.4.6); None if passed over."""
    name = base.get(_BASE_NAME, "") + fields.get(_NAME, "")
    if not _is_name(name):
        raise RemoteError("SenML name")
    held = [label for label in (_VALUE, _TEXT, _BOOL, _DATA) if label in fields]
    if len(held) > 1:
        raise RemoteError("SenML record with two values")
    label = held[0] if held else _VALUE
    value = fields.get(label)
    if label == _VALUE:
        value = _add(base.get(_BASE_VALUE), value)
    if label == _DATA or (not held and (_SUM in fields or _BASE_SUM in base)):
        return None
    if value is None:
        raise RemoteError("SenML record without a value")
    time = _add(base.get(_BASE_TIME), fields.get(_TIME))
    if isinstance(time, Decimal):
        time = float(time)
    return Record(name, fields.get(_UNIT, base.get(_BASE_UNIT)), value, time)


def _add(a: "Number | None", b: "Number | None") -> "Number | None":
    """The sum of two numbers, either of which may be None; exact unless one is a float."""
    if a is None or b is None:
        return b if a is None else a
    if isinstance(a, float) or isinstance(b, float):
        around = float(a) + float(b)
        if _is_number(around):
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
