"""The rule of agreements on random histories. RELATIONS=20000 asks for so many."""

import sys

import agreement_histories

if sys.implementation.name == "cpython":
    import os

    COUNT = int(os.environ.get("RELATIONS", "900"))
else:
    COUNT = 12


def play(liars):
    disputes = held = 0
    for seed in range(COUNT):
        try:
            found = agreement_histories.check(seed, liars)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from None
        disputes += found[0]
        held += found[1]
    assert held > 2 * COUNT, held
    return disputes


def test_all_honest():
    assert play(0) == 0


def test_one_liar_at_most():
    play(1)


def test_many_liars():
    assert play(7) > COUNT // 20
