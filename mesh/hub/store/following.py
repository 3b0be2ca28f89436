"""Works out from a store who goes on for whom, for the file in the home that all else reads."""

from pathlib import Path

from mesh.core import peer_id as ids
from mesh.hub.home import successors
from mesh.hub.home.successors import Gone
from mesh.hub.store import schema
from mesh.hub.store.keyed import Keyed, keyed
from mesh.hub.store.queries import Queries


def gone(found: Keyed) -> dict[str, Gone]:
    """All who go on under another id."""
    made = {}
    for old in found.successions.succeeded():
        new = found.successions.successor(old)
        end = found.successions.end(old)
        if new is not None and end is not None:
            last = ids.to_text(found.successions.now(old))
            made[ids.to_text(old)] = Gone(ids.to_text(new), last, end, found.since(new) / 1000)
    return made


def stamp(home: Path) -> tuple[int, ...]:
    """What changes when somebody says something of keys, or it is found to have lied: cheap to
    ask for. LocalError.
    """
    if not (home / schema.NAME).exists():
        return ()
    with Queries(home / schema.NAME) as store:
        ask = "SELECT name FROM sqlite_schema WHERE name IN ('keys', 'mark', 'evidence')"
        names = sorted(name for (name,) in store.database.execute(ask).fetchall())
        counts = [store.database.execute(f"SELECT count(*) FROM {name}") for name in names]
        return tuple(found.fetchone()[0] for found in counts)


def refresh(home: Path) -> None:
    """Write the file anew if something was said of keys since it was made. LocalError."""
    now = list(stamp(home))
    if now and now != successors.stamp_of(home):
        with Queries(home / schema.NAME) as store:
            successors.save(home, gone(keyed(store)), now)
