"""Finds a peer by our name for it (petname), its own name, or the beginning of its id."""

import contextlib
import difflib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from mesh.core import peer_id
from mesh.core.errors import LocalError
from mesh.hub.failure import NOBODY, USAGE, Failure, NotFound
from mesh.hub.home import files

CACHE = "known.json"  # in the home folder
LISTED = 8  # names that an error offers
REMEMBERED = 500  # peers remembered for completion of names
ID_CHARACTERS = 52
CLEAR_PREFIX = 4  # a shorter word that is both a name and a prefix is a name


class Known(NamedTuple):
    """A peer that can be named. `id`: as text; `petname`: our name for it; `name`: its own."""

    id: str
    name: str = ""
    petname: str = ""

    @property
    def label(self) -> str:
        """What to call it: our name, else its own, else the short id."""
        return self.petname or self.name or self.short

    @property
    def short(self) -> str:
        """The first characters of the id, as shown to people."""
        return self.id[: peer_id.SHORT]


def split(target: str) -> tuple[str, str | None]:
    """Split PEER or PEER/NAME at the first slash, into (peer, name or None)."""
    peer, slash, name = target.partition("/")
    if not peer or (slash and not name):
        raise Failure(
            f"'{target}' does not say which peer and which part of it",
            "write PEER/NAME, for instance greenhouse/temperature",
            USAGE,
        )
    return peer, name or None


def find(wanted: str, known: Sequence[Known]) -> Known:
    """The one peer that is meant. NotFound with the nearest name, or with all that could be
    meant.
    """
    found = matches(wanted, known)
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFound(
            f"'{wanted}' could be any of {len(found)} peers: {_listed(_distinct(found))}",
            "nothing was asked; name one by more characters of its id",
            NOBODY,
        )
    raise NotFound(f"no peer '{wanted}'{_near(wanted, known)}", help_of(known), NOBODY)


def matches(wanted: str, known: Sequence[Known]) -> list[Known]:
    """All peers that a word could mean."""
    folded = wanted.casefold()
    begun = [peer for peer in known if peer.id.startswith(folded)]
    if len(wanted) == ID_CHARACTERS and begun:
        return begun
    # our own names come before those that peers give themselves
    if ours := [peer for peer in known if peer.petname.casefold() == folded]:
        return ours
    named = [peer for peer in known if peer.name.casefold() == folded]
    if len(wanted) < CLEAR_PREFIX:
        return named or begun
    # anybody can choose a name or search for an id with a prefix, so neither may pass for the
    # other
    return begun + [peer for peer in named if peer not in begun]


def _near(wanted: str, known: Sequence[Known]) -> str:
    words = {
        word.casefold(): word for peer in known for word in (peer.short, peer.name, peer.petname)
    }
    words.pop("", None)
    near = difflib.get_close_matches(wanted.casefold(), words, n=1)
    return f"; did you mean '{words[near[0]]}'?" if near else ""


def help_of(known: Sequence[Known]) -> str:
    """What to try if a name is unknown."""
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
    """Save peers that were found, for completion. Failing to write is ignored."""
    old = {peer.id: peer for peer in remembered(cache)}
    for peer in known:
        old.pop(peer.id, None)  # the newest last
        old[peer.id] = peer
    text = json.dumps([list(peer) for peer in list(old.values())[-REMEMBERED:]])
    with contextlib.suppress(LocalError):
        files.replace(cache, text.encode())


def drop(cache: Path, id: str) -> None:
    """Remove a peer from the saved ones."""
    left = [list(peer) for peer in remembered(cache) if peer.id != id]
    with contextlib.suppress(LocalError):
        files.replace(cache, json.dumps(left).encode())


def remembered(cache: Path) -> list[Known]:
    """Peers found earlier; none if there is no valid file."""
    try:
        rows = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return from_rows(rows)


def from_rows(rows: object) -> list[Known]:
    """Peers from rows of JSON. Invalid rows are ignored."""
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
    """Completions of a peer's name for a shell, as (word, explanation)."""
    offers = [(peer.label, peer.short) for peer in remembered(cache)]
    offers += [(peer.short, peer.label) for peer in remembered(cache) if peer.label != peer.short]
    return [(word, note) for word, note in offers if word.startswith(begun) and word.isprintable()]
