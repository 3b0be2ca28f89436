"""Runs that have more in them than version 1 knows, as they come over TCP."""

import pytest
from run_vectors import cases, from_hex

from mesh.core.codec import cbor
from mesh.core.errors import RemoteError
from mesh.core.limits import Limits
from mesh.hub.desktop_kit import make_kit
from mesh.hub.tcp.runs_check import check, split


@pytest.mark.parametrize("case", cases("unknown run"), ids=lambda case: case["meaning"])
def test_they_are_taken_without_it(case):
    usual = from_hex(cases("run")[0])
    body = b"\x82" + usual + from_hex(case)
    first, run = [check(make_kit(), value, Limits()) for value in split(body, 100)]
    assert (first.first, run.first, run.seq) == (1, 2, 4)
    with pytest.raises(RemoteError, match="too many entries"):
        split(body, 3)


@pytest.mark.parametrize("case", cases("unknown entry"), ids=lambda case: case["meaning"])
def test_entries_that_nobody_understands_are_taken(case):
    (value,) = split(b"\x81" + from_hex(case, "run"), 100)
    assert check(make_kit(), value, Limits()).entries == [from_hex(case)]


def test_what_is_longer_and_wrong_is_refused():
    for wrong in (
        [1, 2, 3, [], 5, 6],
        [b"", 1, b"", [1], b"", 6],
        {},
        [b"", True, b"", [], b"", 6],
    ):
        with pytest.raises(RemoteError):
            split(b"\x81" + cbor.encode(wrong), 100)
