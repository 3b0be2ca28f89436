"""Settings for one board: the signed proposal that a peer offers. See docs/protocol.md s.11.

The offer is small and names the text of the settings by its hash; that is fetched in pieces.
"""

from collections import namedtuple

from mesh.core.codec.formats import CBOR
from mesh.core.errors import RemoteError
from mesh.core.security.cose import check1, header, protect, sign1, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.kit import Identity, Kit

AAD = b"\x81\x72othermesh-settings"  # ["othermesh-settings"] in CBOR
MOST = 16_384  # bytes of the text
FIELDS = ("base", "made", "peer", "settings")

# signer: who offers them; peer: the one they are for; made: grows with each offer of that signer;
# base: SHA-256 of the settings.json that they are to replace; size and digest: of the text
Proposal = namedtuple("Proposal", ("signer", "peer", "made", "base", "size", "digest"))


def make(
    kit: "Kit", identity: "Identity", peer: bytes, made: int, base: bytes, text: bytes
) -> bytes:
    """Sign an offer of the settings in `text` to `peer`, to replace those with the hash `base`."""
    fields: dict[str, object] = {"base": base, "made": made, "peer": peer}
    fields["settings"] = [len(text), kit.sha256(text)]
    return sign1(identity, protect(CBOR, identity.public, None), AAD, kit.encode(fields))


def is_one(kit: "Kit", data: object) -> bool:
    """Whether an offer is of settings, not of firmware. RemoteError if it is neither."""
    if not isinstance(data, bytes):
        raise RemoteError("an offer is no byte string")
    fields: Any = kit.decode(split(data)[1])
    return isinstance(fields, dict) and "settings" in fields


def check(kit: "Kit", data: bytes) -> Proposal:
    """Verify an offer and parse it. RemoteError if it is malformed or its signature is wrong."""
    parts = split(data)
    content_format, signer, _ = header(kit, parts[0])
    if signer is None or content_format != CBOR:
        raise RemoteError("an offer without its signer, or not in CBOR")
    check1(kit, signer, parts, AAD)
    fields: Any = kit.decode(parts[1])
    if not isinstance(fields, dict) or sorted(map(str, fields)) != list(FIELDS):
        raise RemoteError("an offer has other fields")
    listed, made = fields["settings"], fields["made"]
    if not isinstance(listed, list) or len(listed) != 2:
        raise RemoteError("an offer without size and hash")
    size, digest = listed
    for named in (fields["base"], fields["peer"], digest):
        if not isinstance(named, bytes) or len(named) != 32:
            raise RemoteError("a hash or an id in an offer")
    for number, most in ((size, MOST), (made, (1 << 53) - 1)):
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= most:
            raise RemoteError("a number in an offer")
    return Proposal(signer, fields["peer"], made, fields["base"], size, digest)
