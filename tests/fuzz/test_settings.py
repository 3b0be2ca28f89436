"""Whatever stands in a settings file: a Profile, or a LocalError that begins with a path."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.core.errors import LocalError
from mesh.core.peer_id import to_text
from mesh.core.policy.section_table import SECTIONS
from mesh.core.policy.settings import Profile, parse
from mesh.core.policy.suggest import near

IDS = st.binary(min_size=32, max_size=32).map(to_text)
WORDS = st.sampled_from(
    ["*", "all", "nobody", "self/t", "ann/t", "t", "fan", "json", "group", "/peer", "192.0.2.1:5"]
)
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60) | WORDS | IDS
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def shaped(spec):
    """Values that look as if they were meant for this part of the schema."""
    if isinstance(spec, dict):
        keys = {key: shaped(inner) for key, inner in spec.items() if key != "*"}
        fixed = st.fixed_dictionaries({}, optional=keys)
        if "*" not in spec:
            return fixed | VALUES
        named = st.dictionaries(
            st.sampled_from(["t", "fan", "ann"]), shaped(spec["*"]), max_size=2
        )
        return st.tuples(fixed, named).map(lambda both: {**both[0], **both[1]}) | VALUES
    if isinstance(spec, list):
        return st.lists(shaped(spec[0]), max_size=2) | VALUES
    return VALUES


def complaint(mapping):
    """What is wrong with it; None if it is a Profile."""
    try:
        return None if isinstance(parse(mapping), Profile) else ""
    except LocalError as error:
        return error.detail


@given(shaped({row.key: row.spec for row in SECTIONS}))
def test_any_mapping_is_a_profile_or_a_complaint(mapping):
    detail = complaint(mapping)
    assert detail is None or (":" in detail and len(detail) < 2000)


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=5))
def test_the_near_miss_is_one_of_those_known(word, known):
    found = near(word, known)
    assert found is None or found in known


def test_what_is_not_a_number_is_no_limit():
    with pytest.raises(LocalError):
        parse({"sensors": {"t": {"every_s": math.nan}}})
