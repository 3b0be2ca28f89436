"""Format of feeds: entries, links, heads and runs (docs/protocol.md section 6)."""

from collections import namedtuple

from mesh.core import codes
from mesh.core.errors import LocalError, RemoteError
from mesh.core.ranges import END, is_count, stamp
from mesh.core.security.cose import UINT, check1, header, protect, sign1, split
from mesh.core.security.cose import head as cbor_head

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.kit import Identity, Kit
    from mesh.core.limits import Limits

MORE = 260  # most bytes of a run besides its entries
# domain separation: prefix of the hash where a feed, or a part of it, begins
FEED = b"othermesh feed v1"
HEAD = b"\x81\x6eothermesh-head"  # external_aad of a head: nothing else is signed with it
NO_WISHES = "not a map of authors to seqs"

# A checked run. links[i] is the link of entries[i], values[i] what read_entry() gave; seq is
# that of the last entry
Run = namedtuple("Run", ("author", "first", "before", "entries", "head", "seq", "links", "values"))


def genesis(kit: "Kit", author: bytes) -> bytes:
    """The link before an author's first entry (docs/protocol.md section 6)."""
    return kit.sha256(FEED + author)


def seam(kit: "Kit", author: bytes, seq: int) -> bytes:
    """The link at seq from which an author continues after it lost its newest entries
    (rollback).
    """
    return kit.sha256(FEED + author + seq.to_bytes(8, "big"))


def next_link(kit: "Kit", link: bytes, entry: bytes) -> bytes:
    """The link of an entry: the SHA-256 of the link before it and the entry."""
    return kit.sha256(link + entry)


def make_entry(kit: "Kit", seq: int, clock: list[object], kind: str, body: object) -> bytes:
    """Encode an entry. LocalError if CBOR cannot hold it or a rule of entries is broken."""
    entry = [seq, clock, kind, body]
    if _understood(entry) != (seq, clock, kind, body) or len(kind.encode()) > 32:
        raise LocalError("no such seq, clock or kind")
    return kit.encode(entry)


def read_entry(kit: "Kit", data: bytes) -> "tuple[int, list[int | None], str, object]":
    """Parse an entry into seq, clock, kind and body. RemoteError if it is malformed.

    For later versions: items after the fourth are ignored, an unknown clock quality becomes 0, and
    a kind that is no text becomes "".
    """
    read = _understood(kit.decode(data))
    if read is None:
        raise RemoteError("not an entry")
    return read


def seal_head(identity: "Identity", seq: int, link: bytes) -> bytes:
    """Sign a head: the author's word that the entry at seq has this link."""
    protected, payload = head_parts(identity.public, seq, link)
    return sign1(identity, protected, HEAD, payload)


def head_parts(author: bytes, seq: int, link: bytes) -> tuple[bytes, bytes]:
    """The protected header and the payload of a head, as its author signs them."""
    return protect(None, author, None), b"\x82" + cbor_head(UINT, seq) + b"\x58\x20" + link


def open_head(kit: "Kit", author: bytes, data: bytes) -> "tuple[int, bytes]":
    """Verify a head and give its seq and link. RemoteError unless the author signed it."""
    who, seq, link = claim(kit, data)
    if who != author:
        raise RemoteError("not a head of this author")
    check_head(kit, author, data)
    return seq, link


def check_head(kit: "Kit", author: bytes, data: bytes) -> None:
    """Check the signature of a head. RemoteError if it is not by the author."""
    check1(kit, author, split(data), HEAD)


def read_run(kit: "Kit", value: object, limits: "Limits") -> "Run":
    """Parse a run from a decoded CBOR value and verify it with its signature, or RemoteError."""
    run = walk(kit, value, limits)
    check_head(kit, run.author, run.head)
    return run


def walk(kit: "Kit", value: object, limits: "Limits") -> "Run":
    """Parse a run and check its hash chain, but not the signature: see check_head()."""
    if not isinstance(value, list) or len(value) < 5:
        raise RemoteError("not a run")
    author, seq, before, entries, head = value[:5]
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
            raise RemoteError("entry too large", codes.TOO_LARGE)
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
    """Parse a head into author, seq and link, without checking its signature."""
    protected, payload, _ = split(data)
    value = kit.decode(payload)
    if (
        not isinstance(value, list)
        or len(value) < 2
        or not (is_count(value[0]) and _is_hash(value[1]))
    ):
        raise RemoteError("not a head")
    return header(kit, protected)[1], value[0], value[1]


def _understood(entry: "Any") -> "tuple[int, list[int | None], str, object] | None":  # noqa: ANN401
    if not isinstance(entry, list) or len(entry) < 4:
        return None
    seq, clock, kind, body = entry[:4]
    clock = stamp(clock)
    if clock is None or not is_count(seq) or not seq:
        return None
    return seq, clock, kind if isinstance(kind, str) else "", body


def _is_hash(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == 32


def author_of(value: object) -> bytes:
    """The author named in a run, unverified. RemoteError if there is none."""
    if isinstance(value, list) and value and isinstance(value[0], bytes):
        return value[0]
    raise RemoteError("not a run")


def size_of(run: "list[Any]") -> int:
    """An upper estimate of a run's bytes in an answer."""
    return MORE + sum([len(entry) + 3 for entry in run[3]])


def read_wishes(wanted: object) -> "dict[bytes, int | None]":
    """Parse {author: first wanted seq, or null for heads only}. RemoteError if it is malformed;
    keys that are no byte strings are ignored.
    """
    if not isinstance(wanted, dict):
        raise RemoteError(NO_WISHES)
    wishes = {author: wanted[author] for author in wanted if isinstance(author, bytes)}
    for first in wishes.values():
        # END itself: whoever has the last seq may ask for the next
        if first is not None and not is_count(first, END + 1):
            raise RemoteError(NO_WISHES)
    return wishes
