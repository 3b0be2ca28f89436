"""Finds the agreement, the circle or the promise that is meant by a word."""

from collections.abc import Callable
from functools import lru_cache

from mesh.core import peer_id as ids
from mesh.hub.failure import NotFound
from mesh.hub.store.statements import Stated, Statement

SHORT = 8  # characters of a ref that people are shown, and that many refs
LEAST = 4  # of one that they type
KEEPING = "`mesh store`"


def meant(found: Stated, word: str, of: Callable[[Statement], bool], what: str) -> Statement:
    """The one that begins with these characters, or has that text, among those that `of` takes.
    Failure.
    """
    there = [one for one in found.statements.values() if of(one)]
    folded = word.casefold()
    begun = [
        one for one in there if ids.to_text(one.ref).startswith(folded) and len(folded) >= LEAST
    ]
    named = [one for one in there if one.pact.text.casefold() == folded]
    chosen = begun or named
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        listed = ", ".join(ids.to_text(one.ref)[: 2 * SHORT] for one in chosen[:SHORT])
        raise NotFound(f"'{word}' could be any of {len(chosen)}: {listed}", "nothing was said")
    known = ", ".join(f"{ids.short(one.ref)} {one.pact.text}".strip() for one in there[:SHORT])
    help = f"there are: {known}" if known else f"none is kept here; who keeps whom: {KEEPING}"
    raise NotFound(f"no {what} '{word}'", help)


@lru_cache(maxsize=1024)
def text_of(ref: bytes) -> str:
    """A ref as text; rivals name each other, and it is made letter by letter."""
    return ids.to_text(ref)
