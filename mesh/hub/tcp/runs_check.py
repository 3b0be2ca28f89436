"""Verifies large runs quickly: most of the time is spent in C code.

It accepts exactly what core.feed.chain accepts: an entry that does not look like those that all
peers write is left to the core. Any thread may use it.
"""

from typing import Any

from mesh.core import codes
from mesh.core.codec import cbor
from mesh.core.errors import RemoteError
from mesh.core.feed.chain import Run, check_head, claim, genesis, head_parts, read_entry
from mesh.core.kit import Kit
from mesh.core.limits import Limits
from mesh.core.ranges import END
from mesh.core.security import cose
from mesh.core.security.cose import ARRAY, BYTES, UINT
from mesh.core.security.cose import head as cbor_head
from mesh.hub.store import rows
from mesh.hub.store.plain_entries import is_plain

MOST_RUNS = 256  # most runs in one body
_HASH = b"\x58\x20"
_HASH_SIZE = 32
_HEADS = [cbor_head(BYTES, size) for size in range(Limits.entry + 1)]
_LONG = 0x58  # first bytes of byte strings with one and two bytes of length
_LONGER = 0x59
_ITEMS = 5  # items of a run


def packed(run: "list[Any]") -> bytes:
    """Encode a run as the core's encoder would."""
    author, first, before, entries, head = run
    heads = _HEADS
    parts = [b"\x85" + _HASH, author, cbor_head(UINT, first), _HASH, before]
    parts.append(cbor_head(ARRAY, len(entries)))
    parts += [heads[len(entry)] + entry for entry in entries]
    parts += [cbor_head(BYTES, len(head)), head]
    return b"".join(parts)


def packed_all(runs: "list[list[Any]]") -> bytes:
    """Encode an array of runs."""
    return cbor_head(ARRAY, len(runs)) + b"".join(map(packed, runs))


def end(run: "list[Any]") -> int:
    """The seq after a run."""
    following: int = run[1] + len(run[3])
    return following


def split(body: bytes, most_entries: int) -> "list[list[Any]]":
    """Split an array of runs into these, without checking them. RemoteError if it is malformed."""
    count, at = _head(body, 0, ARRAY)
    if count > MOST_RUNS:
        raise RemoteError(f"more than {MOST_RUNS} runs")
    runs: list[list[Any]] = []
    for _ in range(count):
        if body[at : at + 1] != b"\x85":
            return _longer(body, most_entries)
        author, at = _string(body, at + 1)
        first, at = _head(body, at, UINT)
        before, at = _string(body, at)
        size, at = _head(body, at, ARRAY)
        most_entries -= size
        if most_entries < 0:
            raise RemoteError("too many entries", codes.TOO_LARGE)
        entries, at = _strings(body, at, size)
        head, at = _string(body, at)
        runs.append([author, first, before, entries, head])
    if at != len(body):
        raise RemoteError("bytes after the runs")
    return runs


def _longer(body: bytes, most_entries: int) -> "list[list[Any]]":
    """As split(), for runs with further items of later versions."""
    runs: list[list[Any]] = []
    value: Any = cbor.decode(body)
    for run in value:
        if not isinstance(run, list) or len(run) < _ITEMS or not isinstance(run[3], list):
            raise RemoteError("not a run")
        most_entries -= len(run[3])
        if most_entries < 0:
            raise RemoteError("too many entries", codes.TOO_LARGE)
        types = zip(run[:_ITEMS], (bytes, int, bytes, list, bytes), strict=True)
        if not all(type(item) is kind for item, kind in [*types, *((e, bytes) for e in run[3])]):
            raise RemoteError("not a run")
        runs.append(run[:_ITEMS])
    return runs


def check(kit: Kit, value: "list[Any]", limits: Limits) -> Run:
    """Verify a run that split() gave, with its signature. RemoteError if it is invalid.

    `values` is left out: the store parses all entries at once.
    """
    run = linked(kit, value, limits)
    check_head(kit, run.author, run.head)
    return run


def linked(kit: Kit, value: "list[Any]", limits: Limits) -> Run:
    """As check(), but without the signature of the head."""
    author, first, before, entries, head = value
    if not len(author) == len(before) == _HASH_SIZE:
        raise RemoteError("not a run")
    if first == 1 and before != genesis(kit, author):
        raise RemoteError("not a run")
    links = _walk(kit, first, before, entries, limits)
    seq = first + len(links) - 1
    usual = head_parts(author, seq, links[-1])
    if cose.split(head)[:2] != usual and claim(kit, head) != (author, seq, links[-1]):
        raise RemoteError("head of other entries")
    return Run(author, first, before, entries, head, seq, links, [])


def _walk(kit: Kit, seq: int, link: bytes, entries: list[bytes], limits: Limits) -> list[bytes]:
    """Check all entries, and give their links."""
    if not entries or not 0 < seq < seq + len(entries) <= END:
        raise RemoteError("not a run")
    if max(map(len, entries)) > limits.entry:
        raise RemoteError("entry too large", codes.TOO_LARGE)
    starts = _starts(seq, len(entries))
    if not (all(map(bytes.startswith, entries, starts)) and all(map(is_plain, entries))):
        for at, entry in enumerate(entries):
            usual = entry.startswith(starts[at]) and is_plain(entry)
            if not usual and read_entry(kit, entry)[0] != seq + at:
                raise RemoteError("entry out of order")
    return rows.links(link, entries)


def _starts(seq: int, count: int) -> list[bytes]:
    """The first bytes of `count` entries from a seq on."""
    low, high = cbor_head(UINT, seq), cbor_head(UINT, seq + count - 1)
    width = len(low) - 1
    if not width or len(high) != len(low):
        return [b"\x84" + cbor_head(UINT, n) for n in range(seq, seq + count)]
    start = b"\x84" + low[:1]
    return [start + n.to_bytes(width, "big") for n in range(seq, seq + count)]


def _strings(body: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    """Parse `count` byte strings. Gives them and where they end."""
    found = []
    size = len(body)
    for _ in range(count):
        kind = body[at] if at < size else 0
        if kind == _LONG and at + 1 < size:
            length = body[at + 1]
            start = at + 2
            if length < 24:  # noqa: PLR2004 - RFC 8949 s.3: a shorter form holds these
                raise RemoteError("CBOR outside the subset")
            at = start + length
            found.append(body[start:at])
        else:
            string, at = _string(body, at)
            found.append(string)
    if at > size:
        raise RemoteError("CBOR cut off")
    return found, at


def _string(body: bytes, at: int) -> tuple[bytes, int]:
    size, start = _head(body, at, BYTES)
    if start + size > len(body):
        raise RemoteError("CBOR cut off")
    return body[start : start + size], start + size


def _head(body: bytes, at: int, major: int) -> tuple[int, int]:
    """Parse a CBOR head at `at` in its shortest form: argument, and where it ends (RFC 8949
    s.3).
    """
    first = body[at] if at < len(body) else 0xFF
    info = first - major
    if 0 <= info < 24:  # noqa: PLR2004
        return info, at + 1
    if not 24 <= info < 28:  # noqa: PLR2004
        raise RemoteError("not a run")
    end = at + 1 + (1 << info - 24)
    n = int.from_bytes(body[at + 1 : end], "big")
    if end > len(body) or cbor_head(major, n) != body[at:end]:
        raise RemoteError("CBOR outside the subset")
    return n, end
