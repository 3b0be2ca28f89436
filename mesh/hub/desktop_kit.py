"""The core's kit on a desktop: OpenSSL for cryptography, hashlib and cbor2."""

import hashlib
import os
from collections.abc import Callable
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mesh.core.kit import Guard, Identity, Kit
from mesh.hub import fast_cbor

KEYS = 4096  # cached public keys (LRU), as loading one is slow

_P = 2**255 - 19
_Y8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
# y coordinates of the points of order 1, 2, 4 and 8
_LOW_ORDER = frozenset((1, _P - 1, 0, _Y8, _P - _Y8))
_KEY_SIZE = 32


def make_kit(keys: int = KEYS, guard: Guard | None = None) -> Kit:
    """Make the core's Kit, with its own cache of `keys` public keys."""
    load = lru_cache(keys)(_load)

    def verify(public: bytes, signature: bytes, data: bytes) -> bool:
        key = load(public)
        if key is None:
            return False
        try:
            key.verify(signature, data)
        except InvalidSignature:
            return False
        return True

    return Kit(_sha256, verify, fast_cbor.encode, fast_cbor.decode, os.urandom, guard)


def new_secret() -> bytes:
    """32 bytes for a new key pair."""
    return os.urandom(_KEY_SIZE)


def make_identity(secret: bytes, next_counter: Callable[[], int]) -> Identity:
    """The Identity of a 32-byte secret key."""
    key = Ed25519PrivateKey.from_private_bytes(secret)
    return Identity(key.public_key().public_bytes_raw(), key.sign, next_counter)


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _load(public: bytes) -> Ed25519PublicKey | None:
    """Load a public key. None for those that a board refuses too.

    OpenSSL itself refuses S >= L and non-canonical R, but accepts these.
    """
    y = int.from_bytes(public, "little") & (1 << 255) - 1
    if len(public) != _KEY_SIZE or y >= _P or y in _LOW_ORDER:
        return None
    return Ed25519PublicKey.from_public_bytes(public)
