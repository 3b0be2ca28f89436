"""A peer by what people call it: our own name for it, its name, or the beginning of its id."""

import contextlib
import difflib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from mesh.core import ids
from mesh.core.errors import LocalError
from mesh.hub import files
from mesh.hub.failure import NOBODY, USAGE, Failure

CACHE = "known.json"  # in the home folder
LISTED = 8  # names that an error offers
REMEMBERED = 500  # peers that the completion of names knows
ID_CHARACTERS = 52
CLEAR_PREFIX = 4  # a shorter word that is a name is that name


class Known(NamedTuple):
    """A peer that can be named. `id` is its text; `petname` is ours for it, `name` its own."""

    id: str
    name: str = ""
    petname: str = ""

    @property
    def label(self) -> str:
        """What to call it: our name for it, else its own, else the short id."""
        return self.petname or self.name or self.short

    @property
    def short(self) -> str:
        """The first characters of the id, as people are shown it."""
        return self.id[: ids.SHORT]


def split(target: str) -> tuple[str, str | None]:
    """PEER or PEER/NAME as (peer, name or None), split at the first slash."""
    peer, slash, name = target.partition("/")
    if not peer or (slash and not name):
        raise Failure(
            f"'{target}' does not say which peer and which part of it",
            "write PEER/NAME, for instance greenhouse/temperature",
            USAGE,
        )
    return peer, name or None


def find(wanted: str, known: Sequence[Known]) -> Known:
    """The one peer that is meant. Failure with the near miss, or with all that could be meant."""
    found = matches(wanted, known)
    if len(found) == 1:
        return found[0]
    if found:
        raise Failure(
            f"'{wanted}' could be any of {len(found)} peers: {_listed(_distinct(found))}",
            "nothing was asked; name one by more characters of its id",
            NOBODY,
        )
    raise Failure(f"no peer '{wanted}'{_near(wanted, known)}", help_of(known), NOBODY)


def matches(wanted: str, known: Sequence[Known]) -> list[Known]:
    """All that a word could mean."""
    folded = wanted.casefold()
    begun = [peer for peer in known if peer.id.startswith(folded)]
    if len(wanted) == ID_CHARACTERS and begun:
        return begun
    # Our own name for a peer comes before any name that somebody gives itself.
    if ours := [peer for peer in known if peer.petname.casefold() == folded]:
        return ours
    named = [peer for peer in known if peer.name.casefold() == folded]
    if len(wanted) < CLEAR_PREFIX:
        return named or begun
    # Names are free to choose, prefixes can be searched for: neither may stand in for the other.
    return begun + [peer for peer in named if peer not in begun]


def _near(wanted: str, known: Sequence[Known]) -> str:
    words = {
        word.casefold(): word for peer in known for word in (peer.short, peer.name, peer.petname)
    }
    words.pop("", None)
    near = difflib.get_close_matches(wanted.casefold(), words, n=1)
    return f"; did you mean '{words[near[0]]}'?" if near else ""


def help_of(known: Sequence[Known]) -> str:
    """What to try where a name is nobody's."""
    if not known:
        return "nobody was found yet; `mesh doctor` tells whether multicast is heard here"
    return f"known: {_listed([peer.label for peer in known])}"


def _distinct(peers: Iterable[Known]) -> list[str]:
    return [
        f"{peer.label} ({peer.short})" if peer.label != peer.short else peer.short
        for peer in peers
    ]


def _listed(words: Sequence[str]) -> str:
    shown = sorted(words)[:LISTED]
    more = len(words) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def remember(cache: Path, known: Iterable[Known]) -> None:
    """Write down who was found, for the completion of names. What cannot be written is not."""
    old = {peer.id: peer for peer in remembered(cache)}
    for peer in known:
        old.pop(peer.id, None)  # the newest come last
        old[peer.id] = peer
    text = json.dumps([list(peer) for peer in list(old.values())[-REMEMBERED:]])
    with contextlib.suppress(LocalError):
        files.replace(cache, text.encode())


def drop(cache: Path, id: str) -> None:
    """Remember somebody no longer."""
    left = [list(peer) for peer in remembered(cache) if peer.id != id]
    with contextlib.suppress(LocalError):
        files.replace(cache, json.dumps(left).encode())


def remembered(cache: Path) -> list[Known]:
    """Who was found at earlier times; nobody if there is no such file or it is not ours."""
    try:
        rows = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return from_rows(rows)


def from_rows(rows: object) -> list[Known]:
    """Peers out of what JSON holds of them; whatever is no peer is left out."""
    if not isinstance(rows, list):
        return []
    return [Known(*row) for row in rows if _is_row(row)]


def _is_row(row: object) -> bool:
    return (
        isinstance(row, list)
        and len(row) == len(Known._fields)
        and all(isinstance(word, str) for word in row)
        and len(row[0]) == ID_CHARACTERS
    )


def complete(cache: Path, begun: str) -> list[tuple[str, str]]:
    """What a shell may offer for the beginning of a peer's name: (word, explanation)."""
    offers = [(peer.label, peer.short) for peer in remembered(cache)]
    offers += [(peer.short, peer.label) for peer in remembered(cache) if peer.label != peer.short]
    return [(word, note) for word, note in offers if word.startswith(begun) and word.isprintable()]
