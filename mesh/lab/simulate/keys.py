"""Keys and randomness of a simulation, from the seed; fast stand-ins for signatures."""

import hashlib
import random
from collections.abc import Callable

from mesh.core.kit import Identity, Kit
from mesh.hub import desktop_kit, fast_cbor


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def dice(*what: object) -> random.Random:
    """A generator of random numbers seeded by these words, the same on every machine."""
    return random.Random(" ".join(map(str, what)))  # noqa: S311 - they have to come again


class Keys:
    """Creates kits and identities. `real`: Ed25519; else keyed BLAKE2b, a stand-in that proves as
    much here, as nobody computes it for another's key.
    """

    def __init__(self, seed: int, real: bool) -> None:
        self._seed = seed
        self._real = desktop_kit.make_kit() if real else None
        self.verify = self._real.verify if self._real else _verify

    def kit(self, *who: object) -> Kit:
        """A kit whose randomness is seeded by these words."""
        draw = dice(self._seed, "kit", *who).randbytes
        return Kit(sha256, self.verify, fast_cbor.encode, fast_cbor.decode, draw)

    def identity(self, who: object, next_counter: Callable[[], int]) -> Identity:
        """The identity seeded by this word."""
        secret = sha256(f"{self._seed} secret {who}".encode())
        if self._real:
            return desktop_kit.make_identity(secret, next_counter)
        public = sha256(secret)

        def sign(data: bytes) -> bytes:
            return hashlib.blake2b(data, key=public).digest()

        return Identity(public, sign, next_counter)


def _verify(public: bytes, signature: bytes, data: bytes) -> bool:
    return len(public) == 32 and signature == hashlib.blake2b(data, key=public).digest()  # noqa: PLR2004
