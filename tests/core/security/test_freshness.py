"""Replay windows and Echo: nothing is taken twice, and nothing new is refused for good."""

from helpers import raises
from signers import sha256

from mesh.core.errors import Stale
from mesh.core.kit import Kit
from mesh.core.limits import Limits
from mesh.core.security.replay import Freshness

ALICE, BOB, CAROL = b"a" * 32, b"b" * 32, b"c" * 32


def fresh(seed=1, **limits):
    kit = Kit(sha256, None, None, None, lambda n: sha256(b"%d" % seed)[:n])
    return Freshness(kit, Limits(**limits))


def echo_for(freshness, now_ms, sender, counter=0):
    return raises(Stale, freshness.accept, now_ms, sender, counter, None).echo


def opened(counter, **limits):
    """Alice's window is open at this counter since 1000 ms; she was given this Echo."""
    freshness = fresh(**limits)
    echo = echo_for(freshness, 1000, ALICE)
    freshness.accept(1000, ALICE, counter, echo)
    return freshness, echo


def refused(freshness, now_ms, sender, counter, echo=None):
    """A refusal that no Echo would change."""
    error = raises(Stale, freshness.accept, now_ms, sender, counter, echo)
    assert error.code == 0x81, error.code
    assert error.echo is None, error.detail


def test_asked_once_then_accepted():
    freshness = fresh()
    error = raises(Stale, freshness.accept, 1000, ALICE, 5, None)
    assert error.code == 0x81 and len(error.echo) == 12, error.echo
    freshness.accept(1500, ALICE, 6, error.echo)
    for counter in (7, 8, 1000, 10**12, 2**64 - 1):
        freshness.accept(1500, ALICE, counter, None)


def test_nothing_twice():
    freshness, echo = opened(100)
    for counter in (100, 101, 103):
        if counter != 100:
            freshness.accept(2000, ALICE, counter, None)
        refused(freshness, 2000, ALICE, counter)
        refused(freshness, 2000, ALICE, counter, echo)
    freshness.accept(2000, ALICE, 102, None)
    refused(freshness, 2000, ALICE, 102)


def test_out_of_order_within_the_window():
    freshness, _ = opened(100, window=32)
    freshness.accept(2000, ALICE, 140, None)
    refused(freshness, 2000, ALICE, 107)
    for counter in (139, 108, 120):
        freshness.accept(2000, ALICE, counter, None)
    for counter in range(108, 141):
        if counter not in (108, 120, 139, 140):
            freshness.accept(2000, ALICE, counter, None)
    for counter in range(90, 141):
        refused(freshness, 2000, ALICE, counter)
    freshness.accept(2000, ALICE, 1000, None)
    for counter in (140, 100, 0):
        refused(freshness, 2000, ALICE, counter)


def test_a_window_of_any_width():
    for window in (1, 31, 32, 63, 64, 300):
        freshness, _ = opened(0, window=window)
        freshness.accept(2000, ALICE, window + 1, None)
        refused(freshness, 2000, ALICE, 0)
        for counter in range(window, 0, -1):
            freshness.accept(2000, ALICE, counter, None)
            refused(freshness, 2000, ALICE, counter)
        freshness.accept(2000, ALICE, 2 * window + 1, None)
        refused(freshness, 2000, ALICE, window + 1)


def test_nothing_from_before_the_window_was_opened():
    freshness, _ = opened(100)
    for counter in (99, 98, 70, 3):
        refused(freshness, 2000, ALICE, counter)


def test_several_at_once_to_a_receiver_that_knows_nothing():
    """All are asked, all come back, the later one first."""
    freshness = fresh()
    echoes = [echo_for(freshness, 1000 + n, ALICE, n) for n in range(3)]
    freshness.accept(1010, ALICE, 12, echoes[2])
    freshness.accept(1011, ALICE, 10, echoes[0])
    freshness.accept(1012, ALICE, 11, echoes[1])
    for n in range(3):
        refused(freshness, 1013, ALICE, 10 + n, echoes[n])


def test_echo_of_others_and_of_noise():
    freshness = fresh()
    for_bob = echo_for(freshness, 1000, BOB)
    right = echo_for(freshness, 1000, ALICE)
    bits = [
        right[: n // 8] + bytes((right[n // 8] ^ 1 << n % 8,)) + right[n // 8 + 1 :]
        for n in range(96)
    ]
    bits += [for_bob, b"", b"\x00", bytes(12), right[:11], right + b"\x00"]
    for echo in bits:
        error = raises(Stale, freshness.accept, 1000, ALICE, 1, echo)
        assert error.echo == right, (echo, error.echo)
    freshness.accept(1000, ALICE, 1, right)


def test_echo_grows_old():
    for after, good in ((0, True), (30_000, True), (30_016, False), (10**9, False)):
        freshness = fresh(echo_ms=30_000)
        echo = echo_for(freshness, 1600, ALICE)
        if good:
            freshness.accept(1600 + after, ALICE, 1, echo)
        else:
            error = raises(Stale, freshness.accept, 1600 + after, ALICE, 1, echo)
            freshness.accept(1600 + after, ALICE, 1, error.echo)


def test_echo_where_its_clock_wraps():
    wrap = 1 << 36  # ms: 2^32 ticks of 16 ms, 795 days
    freshness = fresh()
    echo = echo_for(freshness, wrap - 100, ALICE)
    assert echo[0] == 255, echo
    freshness.accept(wrap + 100, ALICE, 1, echo)
    assert not freshness.answers(wrap + 100, BOB, freshness.challenge(wrap + 200, BOB))
    assert freshness.answers(wrap + 300, BOB, freshness.challenge(wrap + 200, BOB))
    assert not freshness.answers(2 * wrap - 100, BOB, freshness.challenge(wrap + 200, BOB))


def test_challenges_to_addresses():
    freshness = fresh()
    echo = freshness.challenge(5000, b"10.0.0.1:5683")
    assert freshness.answers(5000, b"10.0.0.1:5683", echo)
    assert freshness.answers(35_000, b"10.0.0.1:5683", echo)
    assert not freshness.answers(35_016, b"10.0.0.1:5683", echo)
    assert not freshness.answers(5000, b"10.0.0.1:5684", echo)
    assert not freshness.answers(4000, b"10.0.0.1:5683", echo), "from the future"


def test_a_receiver_that_lost_its_memory():
    before, echo = opened(100)
    before.accept(2000, ALICE, 101, None)
    after = fresh(seed=2)
    for counter, old in ((100, echo), (101, None), (101, echo)):
        error = raises(Stale, after.accept, 2000, ALICE, counter, old)
        assert error.echo is not None, "asked to come again"
    after.accept(2000, ALICE, 102, error.echo)
    for counter in (100, 101, 102):
        refused(after, 2100, ALICE, counter, echo)


def test_no_more_than_the_cap():
    freshness = fresh(senders=3)
    now_ms = 1000
    for n in range(20):
        sender = bytes((n,)) * 32
        freshness.accept(now_ms, sender, 1, echo_for(freshness, now_ms, sender))
        now_ms += 16
    assert len(freshness._senders) == 3, len(freshness._senders)
    for n in (17, 18, 19):
        freshness.accept(now_ms, bytes((n,)) * 32, 2, None)


def test_the_least_recently_heard_is_forgotten():
    freshness = fresh(senders=3)
    for n, sender in enumerate((ALICE, BOB, CAROL)):
        freshness.accept(1000 + n, sender, 1, echo_for(freshness, 1000 + n, sender))
    freshness.accept(2000, ALICE, 2, None)
    freshness.accept(2016, b"d" * 32, 1, echo_for(freshness, 2016, b"d" * 32))
    freshness.accept(3000, ALICE, 3, None)
    freshness.accept(3000, CAROL, 2, None)
    assert echo_for(freshness, 3000, BOB) is not None


def test_who_was_forgotten_cannot_be_replayed():
    """Not even messages that hold an Echo value which is not old yet."""
    freshness = fresh(senders=1)
    first, second = echo_for(freshness, 1000, ALICE), echo_for(freshness, 1100, ALICE)
    freshness.accept(1200, ALICE, 50, first)
    freshness.accept(1200, ALICE, 51, second)
    freshness.accept(1300, BOB, 1, echo_for(freshness, 1250, BOB))
    for counter, echo in ((50, first), (51, second), (50, None), (52, first)):
        error = raises(Stale, freshness.accept, 1400, ALICE, counter, echo)
        assert error.echo is not None
    freshness.accept(1400, ALICE, 53, error.echo)
    refused(freshness, 1400, ALICE, 50, first)


def test_forgetting_an_old_window_leaves_other_echoes_good():
    """A crowd of new senders must not keep each other out."""
    freshness, _ = opened(100, senders=1)
    for_bob, for_carol = (echo_for(freshness, 40_000, sender) for sender in (BOB, CAROL))
    freshness.accept(
        40_100, BOB, 1, for_bob
    )  # Alice's window is 39 s old: her Echo values are dead
    error = raises(Stale, freshness.accept, 40_100, ALICE, 101, None)
    freshness.accept(40_100, CAROL, 1, for_carol)  # Bob's was new, so what he was given dies now
    raises(Stale, freshness.accept, 40_200, BOB, 1, for_bob)
    raises(Stale, freshness.accept, 40_200, ALICE, 101, error.echo)
