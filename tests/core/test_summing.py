"""Lines that strangers can cause: the first few, and then how many more there were."""

from mesh.core.summing import MOST_SOURCES, Summing


def told(summing, now_ms, sources):
    """What is told of lines that come at that time."""
    lines = []
    for source in sources:
        left = summing.left_out(now_ms)
        if left:
            lines.append(left)
        if summing.takes(now_ms, source):
            lines.append(source)
    return lines


def test_few_are_told_each():
    summing = Summing(3, 10_000)
    assert told(summing, 0, "ab") == ["a", "b"]
    assert told(summing, 9000, "c") == ["c"]
    assert told(summing, 20_000, "d") == ["d"]


def test_of_many_the_first_and_how_many_more():
    summing = Summing(3, 10_000)
    assert told(summing, 500, "abcdefgg") == ["a", "b", "c"]
    assert summing.left_out(10_499) is None
    assert told(summing, 10_500, "h") == [(5, 4, 10), "h"]
    assert summing.left_out(30_000) is None, "it is said once"


def test_a_flood_that_ends_is_summed_up_by_who_asks():
    summing = Summing(1, 10_000)
    assert told(summing, 0, "aab") == ["a"]
    assert summing.left_out(12_000) == (2, 2, 12)
    assert summing.left_out(12_000) is None
    assert summing.left_out(50_000) is None


def test_sources_without_end_take_a_bounded_room():
    summing = Summing(1, 10_000)
    assert told(summing, 0, range(10_000)) == [0]
    assert summing.left_out(10_000) == (9999, MOST_SOURCES, 10)
