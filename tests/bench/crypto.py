"""The ceiling: what Ed25519 alone allows on one core of this machine."""

import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MESSAGE = bytes(200)
ROUNDS = 3000


def ceiling():
    """(signatures a second, checks a second, signed round trips a second): one core, nothing else done."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key()
    signature = key.sign(MESSAGE)
    start = time.perf_counter()
    for _ in range(ROUNDS):
        key.sign(MESSAGE)
    middle = time.perf_counter()
    for _ in range(ROUNDS):
        public.verify(signature, MESSAGE)
    end = time.perf_counter()
    sign, verify = (middle - start) / ROUNDS, (end - middle) / ROUNDS
    return 1 / sign, 1 / verify, 1 / (2 * sign + 2 * verify)
