"""Key and counter of an open home, usable as long as it is open."""

from typing import TYPE_CHECKING

from mesh.core.errors import LocalError
from mesh.core.kit import Identity

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from mesh.core.security.counter import Counter


class Signing:
    """Signs and counts until close(); then LocalError, also for those who still have the
    identity.
    """

    def __init__(self, key: "Ed25519PrivateKey", counter: "Counter") -> None:
        self._key: Ed25519PrivateKey | None = key
        self._counter = counter
        self.identity = Identity(key.public_key().public_bytes_raw(), self._sign, self._next)

    def close(self) -> None:
        """Sign and count no more."""
        self._key = None

    def _open(self) -> "Ed25519PrivateKey":
        if self._key is None:
            raise LocalError("the home of this identity was closed")
        return self._key

    def _sign(self, data: bytes) -> bytes:
        return self._open().sign(data)

    def _next(self, ahead: int = 0) -> int:
        self._open()
        return self._counter.next(ahead)
