"""SenML packs (RFC 8428): readings as CBOR maps with integer labels, or as JSON."""

import json
from collections import namedtuple

from mesh.core.codec.cbor import Decimal
from mesh.core.errors import LocalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass

# unit, time: None if unknown. time: seconds; below 2**28 relative to now (s.4.5.3)
Record = namedtuple("Record", ("name", "unit", "value", "time"))

RECORDS = 64  # in one pack

# labels of s.6 table 4; in _JSON those of s.5.1 table 3 that we write
VERSION = -1
BASE_NAME = -2
BASE_TIME = -3
BASE_UNIT = -4
BASE_VALUE = -5
BASE_SUM = -6
NAME = 0
UNIT = 1
VALUE = 2
TEXT = 3
BOOL = 4
SUM = 5
TIME = 6
DATA = 8
_JSON = {
    BASE_NAME: "bn",
    NAME: "n",
    UNIT: "u",
    VALUE: "v",
    TEXT: "vs",
    BOOL: "vb",
    TIME: "t",
}

_SIGNS = "-:./_"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + _SIGNS


def pack(records: list[Record], base_name: str | None = None) -> list[dict[int, object]]:
    """Encode records as a value for CBOR, with names relative to base_name. LocalError if
    invalid.
    """
    if len(records) > RECORDS:
        raise LocalError("too many SenML records")
    maps: list[dict[int, object]] = []
    for name, unit, value, time in records:
        if not is_name((base_name or "") + name):
            raise LocalError("no SenML name: " + name)
        fields: dict[int, object] = {NAME: name, _label(value): value}
        if base_name and not maps:
            fields[BASE_NAME] = base_name
        if unit:
            fields[UNIT] = unit
        if time:
            fields[TIME] = time
        maps.append(fields)
    return maps


def to_json(records: list[Record], base_name: str | None = None) -> str:
    """Encode records as SenML JSON, with all digits of decimal fractions. LocalError as in
    pack().
    """
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
    """Round a float to `digits` decimals (at most 9), exactly, without trailing zeros.

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
        return BOOL
    if isinstance(value, str):
        return TEXT
    if is_number(value):
        return VALUE
    raise LocalError("no SenML value")


def is_number(value: object) -> bool:
    """Whether a value is a number within the range of a 32-bit float."""
    if isinstance(value, bool):
        return False
    if isinstance(value, (int, float)):
        return -3.4028235e38 <= value <= 3.4028235e38  # what 32 bits hold
    return isinstance(value, Decimal)


def is_name(name: str) -> bool:
    """Whether a text is a SenML name (RFC 8428 s.4.5.1), of at most 255 characters."""
    return 0 < len(name) < 256 and name[0] not in _SIGNS and not name.strip(_LETTERS)
