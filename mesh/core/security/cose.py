"""COSE_Sign1, untagged (RFC 9052 s.4.2 and s.4.4): a strict codec of the protocol's subset.

Only protected headers of another layout than ours go through the general CBOR decoder.
"""

from mesh.core import codes
from mesh.core.errors import RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.kit import Identity, Kit

    Header = tuple[int | None, bytes | None, int | None]

UINT = 0
BYTES = 0x40
TEXT = 0x60
ARRAY = 0x80

_ALG = b"\x01\x32"  # 1: -19, Ed25519 (RFC 9864)
_KID = b"\x04\x58\x20"  # 4: 32 bytes
_CTI = b"\x0f\xa1\x07\x48"  # 15: {7: 8 bytes} (RFC 9597)
_SIGNATURE = b"\x58\x40"


def head(major: int, n: int) -> bytes:
    """The head of a CBOR item (RFC 8949 s.3). `major`: UINT, BYTES, TEXT or ARRAY."""
    if n < 24:
        return bytes((major | n,))
    if n < 256:
        return bytes((major | 24, n))
    more = 1 if n < 65536 else 2 if n >> 32 == 0 else 3
    return bytes((major | 24 + more,)) + n.to_bytes(1 << more, "big")


def protect(content_format: "int | None", kid: "bytes | None", counter: "int | None") -> bytes:
    """Encode a protected header: alg, and those of content type, kid and cti that are not None."""
    fields = 0xA1
    rest = _ALG
    if content_format is not None:
        fields += 1
        rest += b"\x03" + head(UINT, content_format)
    if kid is not None:
        fields += 1
        rest += _KID + kid
    if counter is not None:
        fields += 1
        rest += _CTI + counter.to_bytes(8, "big")
    return bytes((fields,)) + rest


def sign1(identity: "Identity", protected: bytes, aad: bytes, payload: bytes) -> bytes:
    """Sign a payload as a COSE_Sign1."""
    signature = identity.sign(_signed(protected, aad, payload))
    heads = b"\x84" + head(BYTES, len(protected)), b"\xa0" + head(BYTES, len(payload))
    return b"".join((heads[0], protected, heads[1], payload, _SIGNATURE, signature))


def split(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Split a COSE_Sign1 into protected header, payload and signature. RemoteError if
    malformed.
    """
    if data[:1] != b"\x84":
        raise RemoteError("not a COSE_Sign1")
    start, end = _bytes(data, 1)
    protected = data[start:end]
    if data[end : end + 1] != b"\xa0":
        raise RemoteError("COSE header that is not signed")
    start, end = _bytes(data, end + 1)
    if data[end : end + 2] != _SIGNATURE or len(data) != end + 66:
        raise RemoteError("COSE signature of another size")
    return protected, data[start:end], data[end + 2 :]


def header(kit: "Kit", protected: bytes) -> "Header":
    """Parse a protected header into content type, kid and cti, each None if absent.

    RemoteError for another algorithm, a critical extension (RFC 9052 s.3.1) or a wrong type.
    """
    # fast path: exactly what protect() writes
    kid = counter = None
    end = len(protected)
    if end > 49:
        end -= 47
        kid = protected[end + 3 : end + 35]
        counter = int.from_bytes(protected[end + 39 :], "big")
    if end < 8:
        number = protected[4:end]
        content_format = int.from_bytes(number[1:] or number, "big") if number else None
        if protect(content_format, kid, counter) == protected:
            return content_format, kid, counter
    fields = kit.decode(protected)
    if not isinstance(fields, dict):
        raise RemoteError("COSE header that is no map")
    if 2 in fields or not _is_number(fields.get(1), -19, -19):
        name, value = ("crit", fields[2]) if 2 in fields else ("alg", fields.get(1))
        raise RemoteError(f"COSE {name} not understood: {str(value)[:24]}")
    claims = fields.get(15, {})
    if not isinstance(claims, dict):
        raise RemoteError("CWT claims")
    cti = _field(claims, 7, 8)
    counter = None if cti is None else int.from_bytes(cti, "big")
    if 3 in fields and not _is_number(fields[3], 0, 65535):
        raise RemoteError("COSE content type")
    return fields.get(3), _field(fields, 4, 32), counter


def check1(kit: "Kit", public: bytes, parts: "tuple[bytes, bytes, bytes]", aad: bytes) -> None:
    """Verify what split() gave, with this external_aad. RemoteError 4.01 if `public` did not sign
    it.
    """
    protected, payload, signature = parts
    if not kit.verify(public, signature, _signed(protected, aad, payload)):
        raise RemoteError("wrong signature", codes.UNAUTHORIZED)


def _signed(protected: bytes, aad: bytes, payload: bytes) -> bytes:
    """Encode the Sig_structure (RFC 9052 s.4.4). Joined in one step, as a board lacks memory for
    copies.
    """
    start = b"\x84\x6aSignature1"
    heads = head(BYTES, len(protected)), head(BYTES, len(aad)), head(BYTES, len(payload))
    return b"".join((start, heads[0], protected, heads[1], aad, heads[2], payload))


def _bytes(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of the CBOR byte string at `at` starts and ends."""
    first = data[at] if at < len(data) else 0
    at += 1
    size = first - BYTES
    if 24 <= size < 28:
        more = 1 << size - 24
        size = int.from_bytes(data[at : at + more], "big")
        if size < (24 if more == 1 else 1 << 4 * more):
            raise RemoteError("CBOR length not in its shortest form")
        at += more
    elif not 0 <= size < 24:
        raise RemoteError("COSE part that is no byte string")
    if at + size > len(data):
        raise RemoteError("COSE part cut off")
    return at, at + size


def _is_number(value: object, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _field(fields: "dict[object, object]", label: int, size: int) -> bytes | None:
    value = fields.get(label)
    if isinstance(value, bytes) and len(value) == size:
        return value
    if label in fields:
        raise RemoteError("COSE kid or cti")
    return None
