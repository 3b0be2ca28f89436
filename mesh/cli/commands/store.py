"""mesh store: size of the store, and a backup of it."""

import sqlite3
import threading
from collections.abc import AsyncGenerator
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.cli.kept import in_thread, path_of
from mesh.cli.options import HomeFolder, Json, Reply
from mesh.core import peer_id as ids
from mesh.core.limits import Limits
from mesh.hub.desktop_limits import DESKTOP
from mesh.hub.failure import FAILED, USAGE, Failure
from mesh.hub.home import choices
from mesh.hub.operations.shelf import open_shelf
from mesh.hub.store import schema
from mesh.hub.store.copying import backup, damage
from mesh.hub.store.crowd import MET, chosen
from mesh.hub.store.floor import Floor
from mesh.hub.store.queries import Queries, Size
from mesh.hub.store.quota import MEGABYTE
from mesh.hub.store.retention_rules import DAY_MS, Rules

EXAMPLE = "mesh store backup mesh-copy.db"
STRANGERS = "stranger"
CLOCKLESS = 1000  # entries without a time that are looked at before one that has it


def command(
    action: Annotated[
        str | None,
        typer.Argument(
            metavar="ACTION", help="backup or vacuum; else shows what is kept.", show_default=False
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="What backup makes.", show_default=False)
    ] = None,
    home: HomeFolder = None,
    json: Json = False,
) -> Reply:
    """Show what the store holds: of whom, how much, how fast it grows, and how long it stays.

    `backup FILE` makes one file of it, `vacuum` gives back the room of what was dropped; a peer
    may use the store meanwhile.
    """
    path = path_of(home)
    if action == "backup" and file is not None:
        return Reply("store_done", _backup(path, file), json, until=f"copying to {file.name}")
    if action == "vacuum" and file is None:
        return Reply("store_done", _vacuum(path), json, until="giving back room")
    if action == "backup":
        raise Failure("the copy needs a name", f"for instance: {EXAMPLE}", USAGE)
    if action == "vacuum":
        raise Failure(f"vacuum takes no file, and here is '{file}'", "mesh store vacuum", USAGE)
    if action is not None:
        help = (
            f"{choices.offer(action, ('backup', 'vacuum'))} `mesh store` alone shows what is kept"
        )
        raise Failure(f"the store cannot '{action}'", help, USAGE)
    return Reply("store", _about(home), json)


async def _backup(path: Path, file: Path) -> AsyncGenerator[dict[str, Any], None]:
    stop = threading.Event()
    size = await in_thread(stop.set, partial(backup, path, file, stop.is_set))
    wrong = await in_thread(stop.set, partial(damage, file, stop.is_set))
    yield {"done": "backup", "file": str(file), "bytes": size, "damage": wrong}
    if wrong:
        raise Failure(
            f"{path} is damaged, and so is its copy: {wrong}",
            "`mesh verify` tells which entries are wrong, and `mesh verify --repair` takes them "
            "out; an older copy may be whole",
            FAILED,
        )


async def _vacuum(path: Path) -> AsyncGenerator[dict[str, Any], None]:
    before = _bytes(path)
    schema.connect(path).close()  # it is one, and of today

    def vacuum() -> None:
        try:
            database.execute("PRAGMA auto_vacuum = INCREMENTAL")  # from now on, by itself
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise schema.broken(path, error) from error

    with closing(schema.connect(path, writing=True)) as database:
        await in_thread(database.interrupt, vacuum)
    yield {"done": "vacuum", "file": str(path), "bytes": _bytes(path), "before": before}


async def _about(home: Path | None) -> AsyncGenerator[dict[str, Any], None]:
    shelf = open_shelf(home)
    profile = shelf.home.profile()
    rules = Rules(profile)
    limits = Limits(**(DESKTOP | profile.limits))
    theirs = chosen(profile)
    floor = Floor(shelf.home.path, limits.free_mb)
    with shelf.store as store:
        forked = store.forked()
        rows: list[dict[str, Any]] = []
        for size in store.sizes():
            rule = rules.entries(size.author)
            rows.append(
                {
                    "peer": shelf.label(size.author),
                    "id": ids.to_text(size.author),
                    "entries": size.entries,
                    "bytes": size.bytes,
                    "first": size.first,
                    "last": size.last,
                    "parts": len(store.spans(size.author)),
                    "bytes_per_day": _growth(store, size),
                    "keep_days": None if rule.ms is None else rule.ms / DAY_MS,
                    "keep_bytes": rule.bytes,
                    "forked": size.author in forked,
                    "known": _known(size, shelf.home.peer_id(), theirs),
                    "disk_bytes": size.cost,
                }
            )
        strange = [row for row in rows if row["known"] == STRANGERS]
        yield {
            "file": str(store.path),
            "bytes": _bytes(store.path),
            "beside": _bytes(store.path) - store.path.stat().st_size,
            "peers": rows,
            "strangers": {
                "peers": len(strange),
                "bytes": sum(row["disk_bytes"] for row in strange),
                "most_peers": limits.strange_authors,
                "most_bytes": limits.strange_mb * MEGABYTE,
            },
            "refusing": floor.look(),
            "free": floor.free,
            "floor": floor.bytes,
            **store.counts(),
        }


def _known(size: Size, own: bytes | None, theirs: set[bytes]) -> str:
    """How well an author is known here: self, chosen, met, or one of the strangers."""
    if size.author == own:
        return "self"
    if size.author in theirs:
        return "chosen"
    return "met" if size.standing >= MET else STRANGERS


def _bytes(path: Path) -> int:
    """What a store takes on disk, with what SQLite has beside it."""
    beside = [path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")]
    return sum(one.stat().st_size for one in beside if one.exists())


def _growth(store: Queries, size: Size) -> float | None:
    """Bytes a day, over the time of what is kept; None where its clock does not tell.

    A board's first entries after a start have no time: they take room, and hardly any time.
    """
    some = islice(store.entries(size.author), CLOCKLESS)
    first = next((time for said in some if (time := said.clock[3]) is not None), None)
    last = next((said.clock[3] for said in store.newest(size.author)), None)
    if first is None or last is None or last - first < DAY_MS // 1440:
        return None
    return round(size.bytes * DAY_MS / (last - first), 1)
