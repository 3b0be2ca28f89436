"""Suggestions for an error message about an unknown choice."""

from collections.abc import Iterable

from mesh.core.policy.suggest import near

LISTED = 12


def offer(wanted: str, known: Iterable[str], none: str = "there are none") -> str:
    """Suggest the known word that may have been meant, else list those that there are."""
    names = sorted(set(known))
    if not names:
        return none
    meant = near(wanted.casefold(), names) or near(wanted, names)
    if meant:
        return f"did you mean '{meant}'?"
    more = len(names) - LISTED
    return f"there are: {', '.join(names[:LISTED])}" + (f" and {more} more" if more > 0 else "")
