"""Who goes on for whom, as last worked out from the store: a file in the home, so that settings,
names and commands that never open the store follow.

It is made anew whenever something is found to have changed: nothing depends on its past.
"""

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mesh.core.errors import LocalError
from mesh.core.policy import section
from mesh.core.policy.section import Section
from mesh.hub.home import files
from mesh.hub.home.naming import CLEAR_PREFIX, ID_CHARACTERS, Known
from mesh.hub.home.peer_places import places

NAME = "successors.json"
MOST = 4096  # peers
NAMES = "names"
STAMP = ""  # key of what the file was made of
KEPT = ("keep", "history")  # sections that say how long what peers said stays


class Gone(NamedTuple):
    """How a peer went on: under which id next, and by now; after which entry, and since when (Unix
    seconds, 0 if unknown). Ids as text.
    """

    next: str
    now: str
    end: int
    since: float


Successors = Mapping[str, Gone]  # by the former id


def load(home: Path) -> dict[str, Gone]:
    """What is in a home's file; nothing if there is none, and no row that is malformed."""
    rows = _rows(home).items()
    return {old: Gone(*row) for old, row in list(rows)[: MOST + 1] if _is_row(old, row)}


def _rows(home: Path) -> dict[str, Any]:
    try:
        with (home / NAME).open("rb") as file:
            rows = json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return {}
    return rows if isinstance(rows, dict) else {}


def stamp_of(home: Path) -> object:
    """Of what store the file was made, as given to save(); None if that is not known."""
    return _rows(home).get(STAMP)


def _is_row(old: str, row: Any) -> bool:  # noqa: ANN401 - from a file
    if not isinstance(row, list) or len(row) != len(Gone._fields):
        return False
    ids = all(isinstance(one, str) and len(one) == ID_CHARACTERS for one in (old, *row[:2]))
    numbers = all(type(one) in {int, float} for one in row[2:])
    return ids and numbers and old != row[1]


def save(home: Path, found: Successors, stamp: object = None) -> None:
    """Write what was found. What cannot be written is ignored."""
    rows = {old: list(one) for old, one in list(found.items())[:MOST]}
    text = json.dumps({STAMP: stamp} | rows, indent=1)
    with contextlib.suppress(LocalError):
        files.replace(home / NAME, text.encode())


def now(peer: str, found: Successors) -> str:
    """Under which id a peer goes on, or its own."""
    return found[peer].now if peer in found else peer


def line(peer: str, found: Successors) -> list[str]:
    """All that a peer was, up to the id under which it goes on, the first one first."""
    last = now(peer, found)
    before = {one.next: old for old, one in found.items() if one.now == last}
    made = [last]
    while (old := before.get(made[0])) is not None and old not in made:
        made.insert(0, old)
    return made


def meant(wanted: str, found: Successors, known: Sequence[Known] = ()) -> str:
    """A word of a person: that of a former id, or its first characters, as the id it has now."""
    folded = wanted.casefold()
    if len(folded) < CLEAR_PREFIX or any(one.id.startswith(folded) for one in known):
        return wanted
    begun = {one.now for old, one in found.items() if old.startswith(folded)}
    return begun.pop() if len(begun) == 1 else wanted


def present(known: Iterable[Known], found: Successors) -> list[Known]:
    """Peers that can be named, without those who go on under another id: their names are its."""
    made: dict[str, Known] = {}
    for one in sorted(known, key=lambda one: one.id in found):
        last = now(one.id, found)
        there = made.get(last, Known(last))
        made[last] = Known(last, there.name or one.name, there.petname or one.petname)
    return list(made.values())


def follow(settings: Any, sections: Iterable[Section], found: Successors) -> None:  # noqa: ANN401
    """Have settings that name a former id name the one under which that peer goes on."""
    if not found:
        return
    names = settings.get(NAMES)
    for name in names if isinstance(names, dict) else ():
        names[name] = _now(names[name], found)
    for place in places(settings, sections):
        value = place.value
        if isinstance(value, list):
            keeps = place.path.partition("[")[0] in KEPT
            made = [_now(one, found) for one in value]
            value[:] = made + (_before(made, names, found) if keeps else [])
        elif place.spec is section.READING and isinstance(value, str):
            peer, slash, sensor = value.partition("/")
            place.table[place.key] = _now(peer, found) + slash + sensor
        else:
            place.table[place.key] = _now(value, found)


def _before(values: list[Any], names: Any, found: Successors) -> list[str]:  # noqa: ANN401
    """The ids that these peers had before: what they said as those is kept as long."""
    named = names if isinstance(names, dict) else {}
    ids = [named.get(one, one) for one in values if isinstance(one, str)]
    return [old for one in ids if isinstance(one, str) for old in line(one, found)[:-1]]


def _now(value: Any, found: Successors) -> Any:  # noqa: ANN401 - from a file, checked later
    return now(value, found) if isinstance(value, str) else value
