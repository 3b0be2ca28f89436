"""Firmware updates of a board: the signed bundle that a peer offers. See docs/protocol.md s.10.

The offer is small and names a list by its hash; the list names each file by its hash. So a board
needs heap for a line of it at a time.
"""

from collections import namedtuple

from mesh.core import codes
from mesh.core.codec.formats import CBOR
from mesh.core.errors import LocalError, RemoteError
from mesh.core.security.cose import check1, header, protect, sign1, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from mesh.core.kit import Identity, Kit

AAD = b"\x81\x70othermesh-update"  # ["othermesh-update"] in CBOR
MOST_FILES = 200
MOST_LIST = 32_768  # bytes of the list
LARGEST = 65_536  # bytes of a file
MOST = 524_288  # bytes of all files
LONGEST = 64  # bytes of a path and of a version
LETTERS = "_0123456789abcdefghijklmnopqrstuvwxyz"
FIELDS = ("board", "list", "made", "version")

# signer: who offers it; board: the kind of board it is for; made: grows with each offer of a
# signer; size and digest (SHA-256): of the list
Bundle = namedtuple("Bundle", ("signer", "board", "version", "made", "size", "digest"))
# path: on the board; digest: its SHA-256, 32 bytes
File = namedtuple("File", ("path", "size", "digest"))


def make(
    kit: "Kit", identity: "Identity", board: str, version: str, made: int, listing: bytes
) -> bytes:
    """Sign an offer of the files that are listed in `listing`, as write_list() gave it."""
    fields = {
        "board": board,
        "list": [len(listing), kit.sha256(listing)],
        "made": made,
        "version": version,
    }
    return sign1(identity, protect(CBOR, identity.public, None), AAD, kit.encode(fields))


def check(kit: "Kit", data: bytes) -> Bundle:
    """Verify an offer and parse it, whoever passed it on. RemoteError if it is malformed or its
    signature is wrong.
    """
    parts = split(data)
    content_format, signer, _ = header(kit, parts[0])
    if signer is None or content_format != CBOR:
        raise RemoteError("an update without its signer, or not in CBOR")
    check1(kit, signer, parts, AAD)
    fields: Any = kit.decode(parts[1])
    if not isinstance(fields, dict) or sorted(map(str, fields)) != list(FIELDS):
        raise RemoteError("an update has other fields")
    listed, made = fields["list"], fields["made"]
    if not isinstance(listed, list) or len(listed) != 2:
        raise RemoteError("an update's list")
    size, digest = listed
    for text in (fields["board"], fields["version"]):
        if not isinstance(text, str) or not 0 < len(text.encode()) <= LONGEST:
            raise RemoteError("an update's board or version")
    if not isinstance(digest, bytes) or len(digest) != 32:
        raise RemoteError("an update's hash")
    _within(size, MOST_LIST, "an update's list")
    _within(made, (1 << 53) - 1, "an update's number")
    return Bundle(signer, fields["board"], fields["version"], made, size, digest)


def write_list(files: "Iterable[File]") -> bytes:
    """The list of files, one line each, sorted by path. LocalError if a limit is exceeded."""
    lines = [_line(file) for file in sorted(files)]
    listing = b"".join(lines)
    try:
        for _ in read_list(lines):
            pass
        _within(len(listing), MOST_LIST, "the list")
    except RemoteError as error:
        raise LocalError(error.detail)
    return listing


def read_list(lines: "Iterable[bytes]") -> "Iterable[File]":
    """Parse a list of files, line by line. RemoteError at the first invalid line or exceeded
    limit.
    """
    last = ""
    total = 0
    for count, line in enumerate(lines):
        file = _file(line)
        total += file.size
        if file.path <= last:
            raise RemoteError("files not in order: " + file.path)
        if count >= MOST_FILES or total > MOST:
            raise RemoteError(
                f"an update of more than {MOST_FILES} files or {MOST} bytes", codes.TOO_LARGE
            )
        last = file.path
        yield file


def _line(file: File) -> bytes:
    return f"{file.digest.hex()} {file.size} {file.path}\n".encode()


def _file(line: bytes) -> File:
    """Parse one line. RemoteError unless it is what _line() writes, with a permitted path."""
    try:
        digest, size, path = str(line, "utf-8").split(" ")
        file = File(path[:-1], int(size), bytes.fromhex(digest))
    except (ValueError, UnicodeError):
        raise RemoteError("a line of an update's list")
    if _line(file) != line or len(file.digest) != 32:
        raise RemoteError("a line of an update's list")
    _check_path(file.path)
    _within(file.size, LARGEST, file.path)
    return file


def _check_path(path: str) -> None:
    """Permit only compiled files below mesh/: an update never writes anything else."""
    parts = path[:-4].split("/")
    plain = all(part and not part.strip(LETTERS) for part in parts)
    if parts[0] != "mesh" or len(path) > LONGEST or path[-4:] != ".mpy" or not plain:
        raise RemoteError("an update may not write " + path[:LONGEST], codes.FORBIDDEN)


def _within(number: "Any", most: int, what: str) -> None:  # noqa: ANN401 - from outside
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise RemoteError(what + " has no size")
    if number > most:
        raise RemoteError(f"{what} is too large: {number} of at most {most}", codes.TOO_LARGE)
