"""The short form of `make fuzz`: each target with what it starts from, much changed."""

import random

import pytest
from changing import changed
from targets import TARGETS

ROUNDS = 2000


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_what_it_may_raise(name):
    target, seeds = TARGETS[name]
    dice = random.Random(name)
    known = [*seeds, b""]
    for _ in range(ROUNDS):
        data = changed(dice, dice.choice(known))
        try:
            target(data)
        except Exception as error:
            raise AssertionError(f"{name}: {data.hex()}") from error
        if len(known) < 200 and dice.random() < 0.1:
            known.append(data)


@pytest.mark.parametrize("name", TARGETS)
def test_what_it_starts_from_is_good(name):
    target, seeds = TARGETS[name]
    assert seeds
    for seed in seeds:
        target(seed)
