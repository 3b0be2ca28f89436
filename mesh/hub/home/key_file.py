"""The private key file of a desktop: PKCS #8 in PEM (RFC 8410), as openssl reads it."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def read(data: bytes) -> Ed25519PrivateKey | None:
    """Parse a key file. None if it has no unencrypted Ed25519 key."""
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Ed25519PrivateKey) else None


def make() -> tuple[Ed25519PrivateKey, bytes]:
    """A new key, and the bytes of its file."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return key, pem
