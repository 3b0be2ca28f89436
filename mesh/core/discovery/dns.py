"""Codec of DNS messages, as far as DNS-SD needs them (RFC 1035 s.4, RFC 6762 s.18).

A name is held as its bytes on the wire, uncompressed: each label after its length, then a zero. So
labels may contain dots, lengths are those of the RFC, and names are compared as bytes.
"""

from collections import namedtuple

from mesh.core.errors import LocalError, RemoteError

A = 1
PTR = 12
TXT = 16
AAAA = 28
SRV = 33
ANY = 255
RESPONSE = 0x8400  # flags QR and AA (RFC 6762 s.18.2, s.18.4)

# name: lower case. flush: the cache-flush bit (RFC 6762 s.10.2). ttl: s.
# data: the rdata; names in it uncompressed and lower case.
Record = namedtuple("Record", ("name", "kind", "flush", "ttl", "data"))


def parse(data: bytes) -> "tuple[int, int, list[tuple[bytes, int, bool]], list[Record]]":
    """Parse a datagram into (id, flags, questions, records). RemoteError if it is malformed.

    A question is (name as received, type, QU bit of RFC 6762 s.5.4), of any class. Records are
    those of all three sections, of the Internet class only.
    """
    if len(data) > 9000:  # RFC 6762 s.17; it also bounds the work for one datagram
        raise RemoteError("DNS too long")
    head = [_uint(data, at, 2) for at in range(0, 12, 2)]
    at = 12
    questions = []
    for _ in range(head[2]):
        name, at = _name(data, at)
        questions.append((name, _uint(data, at, 2), _uint(data, at + 2, 2) > 0x7FFF))
        at += 4
    records: list[Record] = []
    for _ in range(head[3] + head[4] + head[5]):
        at = _record(data, at, records)
    return head[0], head[1], questions, records


def _uint(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise RemoteError("DNS cut short")
    return int.from_bytes(data[at : at + size], "big")


def _name(data: bytes, at: int) -> tuple[bytes, int]:
    """Decode the name at an offset, and where it ends. Pointers must lead back, so it
    terminates.
    """
    name = b""
    end = jumps = 0
    limit = at
    while True:
        size = _uint(data, at, 1)
        if size >= 0xC0:
            end = end or at + 2
            at = _uint(data, at, 2) & 0x3FFF
            jumps += 1
            if at >= limit or jumps > 16:
                raise RemoteError("bad DNS name")
            limit = at
        elif size > 63 or len(name) + size > 254:
            raise RemoteError("bad DNS name")
        else:
            name += data[at : at + size + 1]
            at += size + 1
            if not size:
                return name, end or at


def _record(data: bytes, at: int, records: list[Record]) -> int:
    """Add the record at an offset, if it is of the Internet class. Gives where the next begins."""
    name, at = _name(data, at)
    kind = _uint(data, at, 2)
    group = _uint(data, at + 2, 2)
    ttl = _uint(data, at + 4, 4)
    start = at + 10
    end = start + _uint(data, at + 8, 2)
    _uint(data, end, 0)
    if group & 0x7FFF != 1:
        return end
    value = data[start:end]
    if kind in (PTR, SRV):
        at = start + 6 if kind == SRV else start
        target, stop = _name(data, at)
        value = data[start:at] + target.lower()
        right = stop == end
    else:
        right = len(value) == {A: 4, AAAA: 16}.get(kind, len(value))
    if not right:
        raise RemoteError("bad DNS record")
    records.append(Record(name.lower(), kind, group > 0x7FFF, ttl, value))
    return end


def build(
    id: int,
    flags: int,
    questions: list[tuple[bytes, int, bool]],
    records: list[Record],
    more: int = 0,
) -> bytes:
    """Encode a message. The last `more` records go to the additional section.

    Names are compressed, except in SRV (RFC 6762 s.18.14).
    """
    out = bytearray()
    known: dict[bytes, int] = {}
    for number in (id, flags, len(questions), len(records) - more, 0, more):
        out.extend(number.to_bytes(2, "big"))
    for name, kind, unicast in questions:
        _put_name(out, known, name)
        _put_kind(out, kind, unicast)
    for record in records:
        _put_name(out, known, record.name)
        _put_kind(out, record.kind, record.flush)
        out.extend(record.ttl.to_bytes(4, "big") + b"\0\0")
        at = len(out)
        if record.kind == PTR:
            _put_name(out, known, record.data)
        else:
            out.extend(record.data)
        out[at - 2 : at] = (len(out) - at).to_bytes(2, "big")
    return bytes(out)


def _put_kind(out: bytearray, kind: int, top: bool) -> None:
    out.extend(kind.to_bytes(2, "big") + (b"\x80\1" if top else b"\0\1"))


def _put_name(out: bytearray, known: dict[bytes, int], name: bytes) -> None:
    while name[0]:
        if name in known:
            out.extend((0xC000 | known[name]).to_bytes(2, "big"))
            return
        if len(out) < 0x4000:
            known[name] = len(out)
        size = name[0] + 1
        out.extend(name[:size])
        name = name[size:]
    out.append(0)


def host_text(data: bytes) -> str:
    """An IPv4 or IPv6 address of 4 or 16 bytes as text (RFC 5952 s.4)."""
    if len(data) == 4:
        return ".".join(map(str, data))
    groups = ["%x" % (data[at] << 8 | data[at + 1]) for at in range(0, 16, 2)]
    for size in range(8, 1, -1):
        for at in range(9 - size):
            if groups[at : at + size] == ["0"] * size:
                return ":".join(groups[:at]) + "::" + ":".join(groups[at + size :])
    return ":".join(groups)


def host_bytes(text: str) -> bytes:
    """Parse an IP address into 4 or 16 bytes, ignoring its %scope. LocalError if invalid."""
    size = 2 if ":" in text else 1
    parts = text.split(".")
    if size == 2:
        text = text.partition("%")[0]
        parts = text.replace("::", ":" + "0:" * (8 - text.count(":"))).split(":")
    try:
        numbers = [int("0" + part, 16 if size == 2 else 10) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) != 4 * size or max(numbers) >> 8 * size:
        raise LocalError("not an IP address: " + text)
    return b"".join([number.to_bytes(size, "big") for number in numbers])
