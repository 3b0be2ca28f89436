"""Encryption and proof by the code that `mesh flash` printed: HMAC-SHA256 in counter mode, then a
MAC (docs/protocol.md section 14).

Boards have no cipher in common, and everything here is made of SHA-256. What is sealed has at
most 128 bytes.
"""

from mesh.core import codes
from mesh.core.errors import RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CHALLENGE = NONCE = 16  # bytes
PROOF = 32
LONGEST = 128  # bytes of what is sealed
PAD = 32  # zeros that fill a key up to a block of SHA-256 (RFC 2104 s.2)


class Code:
    """A code, and what can be done with it. `sha256` as in Kit.

    `where` is the id of the board, the id of who asks, and the board's challenge: what is sealed
    for one of them is nothing for another.
    """

    def __init__(self, sha256: "Callable[[bytes], bytes]", code: str) -> None:
        self._sha256 = sha256
        key = sha256(b"othermesh setup v1" + code.encode()) + bytes(PAD)
        self._inner = bytes([byte ^ 0x36 for byte in key])
        self._outer = bytes([byte ^ 0x5C for byte in key])

    def _mac(self, data: bytes) -> bytes:
        """HMAC-SHA256 (RFC 2104)."""
        return self._sha256(self._outer + self._sha256(self._inner + data))

    def _crypt(self, where: bytes, nonce: bytes, data: bytes) -> bytes:
        """Encrypt or decrypt: XOR with a stream that the key, `where` and the nonce fix."""
        made = bytearray(data)
        for i in range(0, len(made), PROOF):
            stream = self._mac(b"box" + where + nonce + bytes([i // PROOF]))
            for j in range(i, min(i + PROOF, len(made))):
                made[j] ^= stream[j - i]
        return bytes(made)

    def seal(self, where: bytes, nonce: bytes, data: bytes) -> "list[bytes]":
        """Encrypt data, with a nonce that was never used before: [nonce, box, proof]."""
        box = self._crypt(where, nonce, data)
        return [nonce, box, self._mac(b"proof" + where + nonce + box)]

    def unseal(self, where: bytes, sealed: object) -> bytes:
        """Decrypt what seal() gave. RemoteError 4.00 if it is malformed, 4.03 if it was made with
        another code, or for another place.
        """
        nonce, box, proof = _parts(sealed)
        right = self._mac(b"proof" + where + nonce + box)
        if sum([a ^ b for a, b in zip(right, proof)]):  # all of it, so its time tells nothing
            raise RemoteError("the code is wrong", codes.FORBIDDEN, "`mesh flash` printed it")
        return self._crypt(where, nonce, box)

    def receipt(self, where: bytes, nonce: bytes) -> bytes:
        """Proof that who took what was sealed with this nonce has the code."""
        return self._mac(b"taken" + where + nonce)


def _parts(sealed: object) -> "list[bytes]":
    if isinstance(sealed, list) and len(sealed) == 3:
        sizes = [len(part) if isinstance(part, bytes) else -1 for part in sealed]
        if sizes[0] == NONCE and 0 < sizes[1] <= LONGEST and sizes[2] == PROOF:
            return sealed
    raise RemoteError("the body is [nonce, box, proof] (docs/protocol.md, section 14)")
