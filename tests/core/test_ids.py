"""Peer ids as text: one text for each id, and nothing else is one."""

from helpers import raises

from mesh.core import peer_id
from mesh.core.errors import RemoteError

COUNTING = bytes(range(32))
COUNTING_TEXT = "aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq"


def test_texts():
    assert peer_id.to_text(COUNTING) == COUNTING_TEXT, peer_id.to_text(COUNTING)
    assert peer_id.to_text(bytes(32)) == "a" * 52, peer_id.to_text(bytes(32))
    assert peer_id.to_text(b"\xff" * 32) == "7" * 51 + "q", peer_id.to_text(b"\xff" * 32)


def test_there_and_back():
    for peer in (COUNTING, bytes(32), b"\xff" * 32, bytes(range(224, 256))):
        assert peer_id.from_text(peer_id.to_text(peer)) == peer, peer


def test_short():
    assert peer_id.short(COUNTING) == "aaaqeaye", peer_id.short(COUNTING)
    assert peer_id.INSTANCE == 16, peer_id.INSTANCE


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
        raises(RemoteError, peer_id.from_text, text)
