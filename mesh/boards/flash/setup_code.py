"""The code of a board's access point: made once, by chance, and told once."""

import secrets
from typing import Any

from mesh.boards.catalogue.hardware import BoardData

# without i, l, o, 0 and 1, which are mistaken for each other
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS, LETTERS = 4, 4  # 31^16: as hard to guess as 79 bits
SETUP, CODE = "setup", "code"


def made() -> str:
    """A new code, such as k7mp-3xqd-w9hn-r4tz."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(LETTERS)) for _ in range(GROUPS))
    return "-".join(groups)


def give(settings: dict[str, Any], board: BoardData) -> str:
    """Put a new code into the settings of a board with Wi-Fi that has none. Gives it, or "".

    A board that sleeps opens no access point.
    """
    own = settings.get(SETUP, {})
    if board.port == "unix" or settings.get("sleep") or CODE in own:
        return ""
    code = made()
    settings[SETUP] = {**own, CODE: code}
    return code
