"""Entries, links, heads and runs: what a feed is made of (docs/protocol.md section 6)."""

from collections import namedtuple

from mesh.core.cose import UINT, check1, header, protect, sign1, split
from mesh.core.cose import head as cbor_head
from mesh.core.errors import LocalError, RemoteError
from mesh.core.ranges import END, is_count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.limits import Limits
    from mesh.core.primitives import Identity, Kit

MORE = 260  # bytes of a run besides its entries, at most
_AAD = b"\x81\x6eothermesh-head"
NO_WISHES = "not a map of authors to seqs"

# links[i] is the link of entries[i], values[i] what read_entry gave (or there are none); seq is
# that of the last entry
Run = namedtuple("Run", ("author", "first", "before", "entries", "head", "seq", "links", "values"))


def genesis(kit: "Kit", author: bytes) -> bytes:
    """The link before the first entry."""
    return kit.sha256(b"othermesh feed v1" + author)


def seam(kit: "Kit", author: bytes, seq: int) -> bytes:
    """The link at seq for an author that goes on behind it, as it lost what it wrote before."""
    return kit.sha256(b"othermesh feed v1" + author + seq.to_bytes(8, "big"))


def next_link(kit: "Kit", link: bytes, entry: bytes) -> bytes:
    """The link of an entry, which follows on `link`."""
    return kit.sha256(link + entry)


def make_entry(kit: "Kit", seq: int, clock: list[object], kind: str, body: object) -> bytes:
    """The bytes of an entry; LocalError if CBOR cannot hold it or it breaks a rule of entries."""
    entry = [seq, clock, kind, body]
    if not _is_entry(entry):
        raise LocalError("no such seq, clock or kind")
    return kit.encode(entry)


def read_entry(kit: "Kit", data: bytes) -> "tuple[int, list[int | None], str, object]":
    """The seq, clock, kind and body of an entry; RemoteError if it is none."""
    entry: Any = kit.decode(data)
    if not _is_entry(entry):
        raise RemoteError("not an entry")
    seq, clock, kind, body = entry
    return seq, clock, kind, body


def seal_head(identity: "Identity", seq: int, link: bytes) -> bytes:
    """The author's signature over everything up to seq."""
    return sign1(identity, protect(None, identity.public, None), _AAD, _head_payload(seq, link))


def open_head(kit: "Kit", author: bytes, data: bytes) -> "tuple[int, bytes]":
    """The seq and link of a head; RemoteError unless the author signed it."""
    who, seq, link = claim(kit, data)
    if who != author:
        raise RemoteError("not a head of this author")
    check_head(kit, author, data)
    return seq, link


def check_head(kit: "Kit", author: bytes, data: bytes) -> None:
    """RemoteError unless the author signed this head."""
    check1(kit, author, split(data), _AAD)


def read_run(kit: "Kit", value: object, limits: "Limits") -> "Run":
    """The run in a decoded CBOR value, checked in all its parts; RemoteError if any is wrong."""
    run = walk(kit, value, limits)
    check_head(kit, run.author, run.head)
    return run


def walk(kit: "Kit", value: object, limits: "Limits") -> "Run":
    """Like read_run, but the signature is not checked: see check_head."""
    if not isinstance(value, list) or len(value) != 5:
        raise RemoteError("not a run")
    author, seq, before, entries, head = value
    if (
        not (_is_hash(author) and _is_hash(before) and is_count(seq) and seq)
        or not (isinstance(entries, list) and entries and isinstance(head, bytes))
        or (seq == 1 and before != genesis(kit, author))
    ):
        raise RemoteError("not a run")
    first = seq
    link = before
    links = []
    values = []
    for entry in entries:
        if not isinstance(entry, bytes) or len(entry) > limits.entry:
            raise RemoteError("entry too large", 0x8D)
        read = read_entry(kit, entry)
        if read[0] != seq:
            raise RemoteError("entry out of order")
        values.append(read)
        link = next_link(kit, link, entry)
        links.append(link)
        seq += 1
    if claim(kit, head) != (author, seq - 1, link):
        raise RemoteError("head of other entries")
    return Run(author, first, before, entries, head, seq - 1, links, values)


def claim(kit: "Kit", data: bytes) -> "tuple[bytes | None, int, bytes]":
    """The author, seq and link of a head; whether it was signed is not checked."""
    protected, payload, _ = split(data)
    value = kit.decode(payload)
    if (
        not isinstance(value, list)
        or len(value) != 2
        or not (is_count(value[0]) and _is_hash(value[1]))
    ):
        raise RemoteError("not a head")
    return header(kit, protected)[1], value[0], value[1]


def _head_payload(seq: int, link: bytes) -> bytes:
    return b"\x82" + cbor_head(UINT, seq) + b"\x58\x20" + link


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, list) or len(entry) != 4:
        return False
    seq, clock, kind, _ = entry
    return (
        is_count(seq)
        and seq > 0
        and is_clock(clock)
        and isinstance(kind, str)
        and (len(kind) < 9 or len(kind.encode()) < 33)
    )


def is_clock(value: "Any") -> bool:  # noqa: ANN401 - from outside
    """Whether it is a stamp of a clock: [quality, boots, ms since boot, Unix ms or None]."""
    return (
        isinstance(value, list)
        and len(value) == 4
        and is_count(value[0], 4)
        and is_count(value[1])
        and is_count(value[2])
        and (value[3] is None or is_count(value[3]))
    )


def _is_hash(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == 32


def author_of(value: object) -> bytes:
    """The author that a run names; RemoteError if there is none."""
    if isinstance(value, list) and value and isinstance(value[0], bytes):
        return value[0]
    raise RemoteError("not a run")


def size_of(run: "list[Any]") -> int:
    """About how many bytes a run takes in an answer, at most."""
    return MORE + sum([len(entry) + 3 for entry in run[3]])


def check_wishes(wanted: object) -> None:
    """RemoteError unless it is {author: first wanted seq, or null for heads only}."""
    if not isinstance(wanted, dict):
        raise RemoteError(NO_WISHES)
    for author, first in wanted.items():
        # END follows on the last seq that there can be
        if not (isinstance(author, bytes) and (first is None or is_count(first, END + 1))):
            raise RemoteError(NO_WISHES)
