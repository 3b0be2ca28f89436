"""Renews the identity of a board whose key was used twice. All else stays."""

from mesh.boards.cable.cable import DRAFT, Cable

KEY = "identity"
# removed after the key, as without one they do no harm
NUMBERS = ("counter", "last", "feed.a", "feed.b")


def left(cable: Cable) -> tuple[bool, bool]:
    """Whether the board has a key, and whether it has files that belong to one.

    Files without a key are left by an interrupted renewal.
    """
    there = cable.hashes([KEY, *NUMBERS])
    return KEY in there, any(name in there for name in NUMBERS)


def renew_board(cable: Cable) -> list[str]:
    """Remove a board's key, so that it creates another one. Gives the removed files."""
    gone = [KEY, *NUMBERS]
    gone += [name + DRAFT for name in gone]
    return [name for name in gone if cable.remove(name)]
