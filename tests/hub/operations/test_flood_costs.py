"""What a member that floods agreements costs others grows with what it says, not with its square.

Steps of bytecode are counted, so that it is the same on a busy machine. The table of
docs/security.md: python tests/hub/flood_costs.py
"""

import pytest
from flood_costs import bounded, cost
from relation_floods import SHAPES

FEW, MANY = 60, 240
MOST_EACH = 15_000  # steps for one agreement that is listed
MOST_BYTES = 3500
MOST_BOUNDED = 60_000  # steps for one that comes, with a board's caps


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.__name__ for shape in SHAPES])
def test_a_flood_costs_as_much_for_each_however_long_it_is(shape):
    few, many = cost(shape, FEW), cost(shape, MANY)
    for name, low, high in zip(("taking", "listing", "bytes"), few, many, strict=True):
        assert high <= 1.25 * low * MANY / FEW + 2000, (name, low, high)
    assert many[0] + many[1] < MOST_EACH * MANY
    assert many[2] < MOST_BYTES * MANY


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.__name__ for shape in SHAPES])
def test_a_flood_fills_no_more_than_a_boards_caps(shape):
    few, many = bounded(shape, MANY), bounded(shape, 2 * MANY)
    assert many[:2] == few[:2], "what is over the caps is not taken"
    assert many[3] <= 1.1 * few[3], "nor does it stay"
    assert many[2] <= 2.2 * few[2] + 2000, "each costs the same"
    assert many[2] < MOST_BOUNDED * 2 * MANY
