"""Large runs, read and checked at the speed of C where most of the time goes.

What core.run accepts is accepted here, and nothing else: an entry that does not look like those
that all peers write takes the way through the core. Everything may run in any thread.
"""

from typing import Any

from mesh.core import cose
from mesh.core.cose import ARRAY, BYTES, UINT, protect
from mesh.core.cose import head as cbor_head
from mesh.core.errors import RemoteError
from mesh.core.limits import Limits
from mesh.core.primitives import Kit
from mesh.core.ranges import END
from mesh.core.run import Run, check_head, claim, genesis, read_entry
from mesh.hub.plain import is_plain
from mesh.hub.store import rows

MOST_RUNS = 256  # in one body
RUN_ROOM = 260  # bytes of a run besides its entries, at most
_HASH = b"\x58\x20"
_HASH_SIZE = 32
_HEADS = [cbor_head(BYTES, size) for size in range(Limits.entry + 1)]
_LONG = 0x58  # first bytes of a byte string: with one byte of length, and with two
_LONGER = 0x59


def packed(run: "list[Any]") -> bytes:
    """The CBOR of a run, as the core's encoder writes it."""
    author, first, before, entries, head = run
    heads = _HEADS
    parts = [b"\x85" + _HASH, author, cbor_head(UINT, first), _HASH, before]
    parts.append(cbor_head(ARRAY, len(entries)))
    parts += [heads[len(entry)] + entry for entry in entries]
    parts += [cbor_head(BYTES, len(head)), head]
    return b"".join(parts)


def packed_all(runs: "list[list[Any]]") -> bytes:
    """The CBOR of an array of runs."""
    return cbor_head(ARRAY, len(runs)) + b"".join(map(packed, runs))


def size(run: "list[Any]") -> int:
    """How many bytes packed() takes for a run, at most."""
    return RUN_ROOM + sum(map(len, run[3])) + 3 * len(run[3])


def end(run: "list[Any]") -> int:
    """The seq after a run."""
    following: int = run[1] + len(run[3])
    return following


def split(body: bytes, most_entries: int) -> "list[list[Any]]":
    """The runs in an array of such, not yet checked; RemoteError if it is none."""
    count, at = _head(body, 0, ARRAY)
    if count > MOST_RUNS:
        raise RemoteError(f"more than {MOST_RUNS} runs")
    runs: list[list[Any]] = []
    for _ in range(count):
        if body[at : at + 1] != b"\x85":
            raise RemoteError("not a run")
        author, at = _string(body, at + 1)
        first, at = _head(body, at, UINT)
        before, at = _string(body, at)
        size, at = _head(body, at, ARRAY)
        most_entries -= size
        if most_entries < 0:
            raise RemoteError("too many entries", 0x8D)
        entries, at = _strings(body, at, size)
        head, at = _string(body, at)
        runs.append([author, first, before, entries, head])
    if at != len(body):
        raise RemoteError("bytes after the runs")
    return runs


def check(kit: Kit, value: "list[Any]", limits: Limits) -> Run:
    """The run in what split() gave, checked in all its parts. RemoteError if any is wrong.

    Its `values` are left out: who stores it reads the entries all at once.
    """
    run = linked(kit, value, limits)
    check_head(kit, run.author, run.head)
    return run


def linked(kit: Kit, value: "list[Any]", limits: Limits) -> Run:
    """As check(), but the signature of the head is not checked."""
    author, first, before, entries, head = value
    if not len(author) == len(before) == _HASH_SIZE:
        raise RemoteError("not a run")
    if first == 1 and before != genesis(kit, author):
        raise RemoteError("not a run")
    links = _walk(kit, first, before, entries, limits)
    seq = first + len(links) - 1
    usual = protect(None, author, None), b"\x82" + cbor_head(UINT, seq) + _HASH + links[-1]
    if cose.split(head)[:2] != usual and claim(kit, head) != (author, seq, links[-1]):
        raise RemoteError("head of other entries")
    return Run(author, first, before, entries, head, seq, links, [])


def _walk(kit: Kit, seq: int, link: bytes, entries: list[bytes], limits: Limits) -> list[bytes]:
    """The links of all entries, each of which was looked at."""
    if not entries or not 0 < seq < seq + len(entries) <= END:
        raise RemoteError("not a run")
    if max(map(len, entries)) > limits.entry:
        raise RemoteError("entry too large", 0x8D)
    starts = _starts(seq, len(entries))
    if not (all(map(bytes.startswith, entries, starts)) and all(map(is_plain, entries))):
        for at, entry in enumerate(entries):
            usual = entry.startswith(starts[at]) and is_plain(entry)
            if not usual and read_entry(kit, entry)[0] != seq + at:
                raise RemoteError("entry out of order")
    return rows.links(link, entries)


def _starts(seq: int, count: int) -> list[bytes]:
    """The first bytes of so many entries from a seq on."""
    low, high = cbor_head(UINT, seq), cbor_head(UINT, seq + count - 1)
    width = len(low) - 1
    if not width or len(high) != len(low):
        return [b"\x84" + cbor_head(UINT, n) for n in range(seq, seq + count)]
    start = b"\x84" + low[:1]
    return [start + n.to_bytes(width, "big") for n in range(seq, seq + count)]


def _strings(body: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    """So many byte strings, and where they end."""
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
    """The argument of the item at `at`, and where it ends (RFC 8949 s.3), in its shortest form."""
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
