"""mesh export: readings into a file for other programs."""

from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.hub.cli.kept import Shelf, in_thread, open_shelf
from mesh.hub.cli.options import HomeFolder, Json, Reply, Target
from mesh.hub.store.export import export
from mesh.hub.store.queries import Sensor

EXAMPLE = "mesh export greenhouse -o greenhouse.csv"


def command(
    target: Target,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Ends in .csv, .parquet, .senml.json."
        ),
    ],
    home: HomeFolder = None,
    json: Json = False,
) -> Reply:
    """Write a peer's readings into a file: CSV, Parquet or SenML JSON, as its name says.

    The same command again adds to a CSV file what is new, and nothing twice; the others are
    written anew.
    """
    shelf = open_shelf(home)
    sensors = shelf.sensors(target)
    return Reply("export", _export(shelf, sensors, output), json, until=f"writing {output.name}")


async def _export(
    shelf: Shelf, sensors: list[Sensor], output: Path
) -> AsyncGenerator[dict[str, Any], None]:
    with shelf.store as store:
        work = partial(export, store, sensors, output)
        yield (await in_thread(store.database.interrupt, work))._asdict()
