"""Peer ids as text: one text for each id, and nothing else is one."""

from helpers import raises

from mesh.core import ids
from mesh.core.errors import RemoteError

COUNTING = bytes(range(32))
COUNTING_TEXT = "aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq"


def test_texts():
    assert ids.to_text(COUNTING) == COUNTING_TEXT, ids.to_text(COUNTING)
    assert ids.to_text(bytes(32)) == "a" * 52, ids.to_text(bytes(32))
    assert ids.to_text(b"\xff" * 32) == "7" * 51 + "q", ids.to_text(b"\xff" * 32)


def test_there_and_back():
    for peer in (COUNTING, bytes(32), b"\xff" * 32, bytes(range(224, 256))):
        assert ids.from_text(ids.to_text(peer)) == peer, peer


def test_short():
    assert ids.short(COUNTING) == "aaaqeaye", ids.short(COUNTING)
    assert ids.INSTANCE == 16, ids.INSTANCE


def test_what_is_no_id():
    tail_bits = COUNTING_TEXT[:51] + "r"  # the last character holds one bit only
    for text in (
        "",
        "a",
        COUNTING_TEXT[:51],
        COUNTING_TEXT + "a",
        COUNTING_TEXT.upper(),
        COUNTING_TEXT[:51] + "=",
        COUNTING_TEXT[:50] + "1q",
        COUNTING_TEXT[:50] + "\u212aq",  # the Kelvin sign, whose lower case is k
        tail_bits,
        "a" * 100_000,
    ):
        raises(RemoteError, ids.from_text, text)
