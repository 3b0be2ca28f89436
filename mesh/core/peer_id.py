"""Peer ids as people see them: base32 (RFC 4648 s.6), lower case, no padding."""

from mesh.core.errors import RemoteError

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
INSTANCE = 16  # leading characters of an id that name its DNS-SD instance and host
SHORT = 8  # leading characters that people are shown


def to_text(peer: bytes) -> str:
    """A peer id of 32 bytes as its 52 characters."""
    number = int.from_bytes(peer, "big") << 4
    return "".join([ALPHABET[number >> shift & 31] for shift in range(255, -1, -5)])


def base_name(peer: bytes) -> str:
    """The SenML base name of a peer's sensors: its id and a slash (RFC 8428 s.4.5.1)."""
    return to_text(peer) + "/"


def from_text(text: str) -> bytes:
    """Parse an id into its 32 bytes. RemoteError unless it is what to_text() writes."""
    number = 0
    for char in text[:52]:
        number = number << 5 | ALPHABET.find(char)  # an invalid one, -1, makes it negative
    if len(text) != 52 or number < 0 or number & 15:
        raise RemoteError("not a peer id")
    return (number >> 4).to_bytes(32, "big")


def short(peer: bytes) -> str:
    """The first 8 characters of an id's text."""
    return to_text(peer)[:SHORT]
