"""What the core is given on a desktop: cryptography (OpenSSL), hashlib and cbor2 by its names."""

import hashlib
import os
from collections.abc import Callable
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mesh.core.primitives import Guard, Identity, Kit
from mesh.hub import cbor

KEYS = 4096  # public keys kept ready, the least recently used one out first: making one is dear

_P = 2**255 - 19
_Y8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
# the y of the points whose order is 1, 2, 4 and 8
_LOW_ORDER = frozenset((1, _P - 1, 0, _Y8, _P - _Y8))
_KEY_SIZE = 32


def make_kit(keys: int = KEYS, guard: Guard | None = None) -> Kit:
    """The core's Kit, with a cache of `keys` public keys of its own."""
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

    return Kit(_sha256, verify, cbor.encode, cbor.decode, os.urandom, guard)


def new_secret() -> bytes:
    """32 bytes for a new key pair."""
    return os.urandom(_KEY_SIZE)


def make_identity(secret: bytes, next_counter: Callable[[], int]) -> Identity:
    """The identity of a 32-byte secret."""
    key = Ed25519PrivateKey.from_private_bytes(secret)
    return Identity(key.public_key().public_bytes_raw(), key.sign, next_counter)


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _load(public: bytes) -> Ed25519PublicKey | None:
    """The key object; None for what a board refuses, too.

    OpenSSL itself refuses S >= L and an R in another encoding, but takes these.
    """
    y = int.from_bytes(public, "little") & (1 << 255) - 1
    if len(public) != _KEY_SIZE or y >= _P or y in _LOW_ORDER:
        return None
    return Ed25519PublicKey.from_public_bytes(public)
