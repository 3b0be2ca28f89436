"""Keys and randomness of a pretend mesh: all from the seed, and signatures quick unless wished."""

import hashlib
import random
from collections.abc import Callable

from mesh.core.primitives import Identity, Kit
from mesh.hub import cbor, primitives


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def dice(*what: object) -> random.Random:
    """Numbers that these words decide, on every machine alike."""
    return random.Random(" ".join(map(str, what)))  # noqa: S311 - they have to come again


class Keys:
    """Makes kits and identities. `real`: Ed25519; else a keyed BLAKE2b, which proves as much here,
    where nobody computes the stand-in for a key that is not his own.
    """

    def __init__(self, seed: int, real: bool) -> None:
        self._seed = seed
        self._real = primitives.make_kit() if real else None
        self.verify = self._real.verify if self._real else _verify

    def kit(self, *who: object) -> Kit:
        """A kit whose randomness these words decide."""
        draw = dice(self._seed, "kit", *who).randbytes
        return Kit(sha256, self.verify, cbor.encode, cbor.decode, draw)

    def identity(self, who: object, next_counter: Callable[[], int]) -> Identity:
        """The identity that this word names."""
        secret = sha256(f"{self._seed} secret {who}".encode())
        if self._real:
            return primitives.make_identity(secret, next_counter)
        public = sha256(secret)

        def sign(data: bytes) -> bytes:
            return hashlib.blake2b(data, key=public).digest()

        return Identity(public, sign, next_counter)


def _verify(public: bytes, signature: bytes, data: bytes) -> bool:
    return len(public) == 32 and signature == hashlib.blake2b(data, key=public).digest()  # noqa: PLR2004
