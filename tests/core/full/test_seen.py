"""The entry kind `seen`: what is one, and which numbers are told."""

from helpers import raises

from mesh.core.errors import RemoteError
from mesh.core.full.seen import check, roundest

WHO, LINK = b"w" * 32, b"l" * 32


def test_a_row_is_an_author_a_seq_and_a_link_and_may_have_more():
    assert check([[WHO, 64, LINK]]) == [(WHO, 64, LINK)]
    assert check([[WHO, 64, LINK, "later"], [LINK, 1, WHO]]) == [(WHO, 64, LINK), (LINK, 1, WHO)]


def test_of_rows_of_one_author_the_first_counts():
    rows = [[WHO, 64, LINK], [LINK, 1, WHO], [WHO, 128, WHO], [LINK, 2, WHO]]
    assert check(rows) == [(WHO, 64, LINK), (LINK, 1, WHO)]


def test_what_is_none_is_refused():
    bad = [
        None,
        [],
        {},
        "seen",
        [None],
        [WHO, 64, LINK],
        [[WHO, 64]],
        [[WHO, 0, LINK]],
        [[WHO, -1, LINK]],
        [[WHO, True, LINK]],
        [[WHO, 1 << 53, LINK]],
        [[WHO[:31], 64, LINK]],
        [[WHO, 64, None]],
        [[WHO, 64, LINK], [WHO, 64, LINK[:8]]],
    ]
    for body in bad:
        raises(RemoteError, lambda body=body: check(body))


def test_the_roundest_number_of_a_range_is_told():
    cases = ((0, 1, 1), (0, 63, 32), (0, 64, 64), (64, 90, 80), (48, 85, 64), (64, 65, 65))
    cases += (64, 64, 0), (65, 64, 0), ((1 << 53) - 3, (1 << 53) - 1, (1 << 53) - 2)
    for low, high, number in cases:
        assert roundest(low, high) == number, (low, high)


def test_who_looks_at_other_times_says_the_same_now_and_then():
    told = []
    for start, step in ((64, 64), (100, 71), (65, 90)):
        last, numbers = 0, set()
        for end in range(start, 2000, step):
            last = roundest(last, end)
            numbers.add(last)
        told.append(numbers)
    common = sorted(told[0] & told[1] & told[2])
    assert len(common) > 5 and common[-1] > 1700, common
