"""Fast path for usual entries: readings with short names, recognised by a regular expression.

An entry that does not match is not wrong: it is read by the core.
"""

import re

from mesh.core.security.cose import ARRAY, TEXT

_SHORT = 24  # arguments below that are in the initial byte (RFC 8949 s.3)
_NEGATIVE = 0x20
_NONE = b"\xf6"
_LEAST = -(1 << 63)  # least integer of SQLite
_EXPONENT = 0x1F  # initial byte of a decimal exponent, plus the number of decimals
_SCALES = tuple(10**digits for digits in range(10))
# the argument in an initial byte, or in the bytes after it
_MASKS = (0, 0x1F, *((1 << 8 * size) - 1 for size in range(1, 9)))


# seq, clock, [(label, value)] of an entry; name_and_unit() reads a label
Said = tuple[int, "list[int | None]", "list[tuple[bytes, int | float]]"]


def _patterns() -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Patterns of an entry (seq, clock, records), and of a record (label, number or decimal).

    It is the subset of CBOR (docs/protocol.md section 2) in the shape that core.run asks for.
    """
    wide = rb"\x19[\x01-\xff].|\x1a(?!\0\0).{4}|\x1b(?!\0{4})"
    count = rb"(?:[\0-\x17]|\x18[\x18-\xff]|" + wide + rb"\0[\0-\x1f].{6})"  # below 2^53
    small = wide + rb"[\0-\x7f].{7}"
    number = rb"[\0-\x17\x20-\x37]|[\x18\x38][\x18-\xff]|"
    number += small + rb"|" + re.sub(rb"\\x1([9ab])", rb"\\x3\1", small)
    texts = [rb"%c[ -~]{%d}" % (TEXT + size, size) for size in range(1, _SHORT)]
    text = rb"(?:" + rb"|".join(re.escape(one[:1]) + one[1:] for one in texts) + rb")"
    label = rb"(\xa3\0" + text + rb"\x01" + text + rb"|\xa2\0" + text + rb")"
    fraction = rb"\xc4\x82([\x20-\x28])(" + number + rb")"
    value = rb"(?:\x02(?:(" + number + rb")|" + fraction + rb")|\x03" + text + rb"|\x04[\xf4\xf5])"
    record = label + value
    one = re.sub(rb"(?<!\\)\((?!\?)", rb"(?:", rb"(?:" + record + rb")")  # without groups
    packs = [re.escape(bytes((ARRAY + n,))) + one + rb"{%d}" % n for n in range(1, _SHORT)]
    entry = rb"(\x84(" + count + rb")\x84([\0-\x03])(" + count + rb")(" + count + rb")"
    entry += rb"(" + count + rb"|\xf6)\x67reading(" + rb"|".join(packs) + rb"))"
    return re.compile(entry, re.DOTALL), re.compile(record, re.DOTALL)


_ENTRY, _RECORD = _patterns()
is_plain = _ENTRY.fullmatch  # a match, or None


def said(entries: list[bytes]) -> list[Said | None]:
    """What each entry says, and all numbers; None unless all are plain."""
    found = _ENTRY.findall(b"".join(entries))
    if [each[0] for each in found] != entries:
        return [said([entry])[0] for entry in entries] if entries[1:] else [None]
    integer, masks, records_in = int.from_bytes, _MASKS, _RECORD.findall
    all_said: list[Said | None] = []
    for _, seq, quality, boots, ms, unix_ms, pack in found:
        records: list[tuple[bytes, int | float]] = []
        for label, number, exponent, mantissa in records_in(pack, 1):
            item = number or mantissa or _NONE
            value: int | float = integer(item, "big") & masks[len(item)]
            if item[0] >= _NEGATIVE:
                value = -1 - value
            if exponent:
                value /= _SCALES[exponent[0] - _EXPONENT]
            elif item is _NONE or value == _LEAST:
                break
            records.append((label, value))
        else:
            at_ms = None if unix_ms == _NONE else integer(unix_ms, "big") & masks[len(unix_ms)]
            since_ms = integer(ms, "big") & masks[len(ms)]
            clock = [quality[0], integer(boots, "big") & masks[len(boots)], since_ms, at_ms]
            all_said.append((integer(seq, "big") & masks[len(seq)], clock, records))
            continue
        all_said.append(None)
    return all_said


def name_and_unit(label: bytes) -> tuple[str, str]:
    """Name and unit in a label; "" for no unit."""
    end = 3 + label[2] - TEXT
    return label[3:end].decode(), label[end + 2 :].decode()
