"""The ceiling: what Ed25519 alone allows on one core of this machine."""

import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MESSAGE = bytes(200)
ROUNDS = 1000
TIMES = 5


def ceiling():
    """(signatures, checks, signed round trips) a second on one core: the best of a few rounds.

    The best, as on a shared machine that is nearest to what nobody can pass.
    """
    rounds = [_round() for _ in range(TIMES)]
    sign, verify = min(r[0] for r in rounds), min(r[1] for r in rounds)
    return 1 / sign, 1 / verify, 1 / (2 * sign + 2 * verify)


def _round():
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
    return (middle - start) / ROUNDS, (end - middle) / ROUNDS
