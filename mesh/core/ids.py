"""Peer ids as people see them: base32 (RFC 4648 s.6), lower case, no padding."""

from mesh.core.errors import RemoteError

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
INSTANCE = 16  # characters of an id's text that name its DNS-SD instance and host
SHORT = 8  # characters that people are shown


def to_text(peer: bytes) -> str:
    """The 52 characters for a peer id of 32 bytes."""
    number = int.from_bytes(peer, "big") << 4
    return "".join([ALPHABET[number >> shift & 31] for shift in range(255, -1, -5)])


def from_text(text: str) -> bytes:
    """The 32 bytes for an id's one text; RemoteError for anything else."""
    number = 0
    for char in text[:52]:
        number = number << 5 | ALPHABET.find(char)  # -1 if there is none: below zero it stays
    if len(text) != 52 or number < 0 or number & 15:
        raise RemoteError("not a peer id")
    return (number >> 4).to_bytes(32, "big")


def short(peer: bytes) -> str:
    """The first 8 characters of an id's text."""
    return to_text(peer)[:SHORT]
