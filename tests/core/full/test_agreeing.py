"""Which history of a forked feed counts, and how far: what chosen witnesses said of it."""

from mesh.core.full.agreeing import OF_SPAN, agreed

A, B, C, D = b"a", b"b", b"c", b"d"


def said(*statements):
    return [(who, seq, link.encode()) for who, seq, link in statements]


def points(*statements, fork=2, witnesses=2):
    found = agreed(said(*statements), fork, witnesses)
    return [(seq, link.decode(), who) for seq, link, who in found]


def test_two_who_say_the_same_are_believed_as_far_as_both_say_it():
    found = points((A, 64, "x"), (A, 128, "y"), (A, 192, "z"), (B, 64, "x"), (B, 128, "y"))
    assert found == [(128, "y", [A, B]), (64, "x", [A, B])], found


def test_one_is_not_enough_whatever_it_says():
    assert points((A, 64, "x"), (A, 128, "y")) == []
    assert points((A, 64, "x"), (B, 64, "q")) == [], "nor are two who contradict each other"
    assert points((A, 64, "x"), (B, 128, "y")) == [], (
        "nor two of whom none says what the other does"
    )


def test_more_may_be_asked_for():
    both = (A, 64, "x"), (B, 64, "x")
    assert points(*both, witnesses=3) == []
    assert points(*both, (C, 64, "x"), witnesses=3) == [(64, "x", [A, B, C])]


def test_what_is_before_the_fork_says_nothing_of_either_history():
    assert points((A, 64, "x"), (B, 64, "x"), fork=65) == []
    alike = (A, 8, "x"), (B, 8, "x"), (C, 8, "x"), (D, 8, "x")
    found = points(*alike, (A, 16, "y"), (B, 16, "y"), (C, 16, "y"), (D, 16, "q"), fork=9)
    assert found == [(16, "y", [A, B, C])], found


def test_what_a_witness_said_first_counts():
    found = points((A, 64, "x"), (A, 64, "q"), (A, 32, "q"), (B, 64, "q"), (B, 32, "q"))
    assert found == [], found
    found = points((A, 64, "x"), (A, 64, "q"), (B, 64, "x"), (B, 32, "q"))
    assert found == [(64, "x", [A, B])], found


def test_of_two_histories_that_counts_which_more_than_half_say():
    old = (A, 64, "x"), (B, 64, "x")
    new = (C, 512, "q"), (D, 512, "q")
    assert points(*old, *new) == [], "half is not more than half, however long it is"
    found = points(*old, (b"e", 64, "x"), *new)
    assert found == [(64, "x", [A, B, b"e"])], found


def test_whoever_shares_one_is_for_the_same_history():
    found = points((A, 64, "x"), (B, 64, "x"), (B, 128, "y"), (C, 128, "y"), (D, 256, "q"))
    assert found == [(128, "y", [B, C]), (64, "x", [A, B])], found


def test_the_order_in_which_witnesses_are_read_changes_nothing():
    rows = said((A, 64, "x"), (A, 128, "y"), (B, 64, "x"), (B, 128, "y"), (C, 64, "q"))
    by_c_first = [row for who in (C, B, A) for row in rows if row[0] == who]
    assert agreed(rows, 2, 2) == agreed(by_c_first, 2, 2)


def test_of_many_the_highest_of_each_span_are_enough():
    far = 5 << 32
    rows = [
        (who, at + 8 * n, b"%d" % n) for who in (A, B) for at in (0, far) for n in range(1, 90)
    ]
    found = [seq for seq, _, _ in agreed(rows, 2, 2)]
    high = [far + 8 * n for n in range(89, 89 - OF_SPAN, -1)]
    assert found == high + [seq - far for seq in high], found
