"""mesh export: readings into a file for other programs."""

from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.hub import selecting
from mesh.hub.cli import render
from mesh.hub.cli.kept import Shelf, in_thread, open_shelf
from mesh.hub.cli.options import HomeFolder, Json, Reply, Targets
from mesh.hub.failure import USAGE, Failure
from mesh.hub.store.export import export, format_of, stream
from mesh.hub.store.queries import Sensor

EXAMPLE = "mesh export greenhouse -o greenhouse.csv; mesh export '*' -o - | gzip > all.csv.gz"
STDOUT = Path("-")
Row = dict[str, Any]


def command(
    targets: Targets,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Ends in .csv, .parquet, .senml.json; - is stdout.",
        ),
    ],
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="csv, parquet, senml.json.")
    ] = "",
    home: HomeFolder = None,
    json: Json = False,
) -> Reply:
    """Write readings into a file: CSV, Parquet or SenML JSON, as its name says.

    The same command again adds to a CSV file what is new, and nothing twice; the others are
    written anew. Each row has the peer's name and its id.
    """
    if output == STDOUT and json:
        detail = "--json tells what was written, and -o - writes the readings there"
        raise Failure(detail, "leave one of them out; --format senml.json is JSON", USAGE)
    kind = format_of(output.name, form or ("csv" if output == STDOUT else ""))
    shelf = open_shelf(home)
    sensors, failed = shelf.chosen(targets)
    if output == STDOUT:
        return Reply("export", _to_stdout(shelf, sensors, failed, kind), json)
    items = _export(shelf, sensors, failed, output, kind)
    return Reply("export", items, json, until=f"writing {output.name}")


async def _export(
    shelf: Shelf, sensors: list[Sensor], failed: list[Row], output: Path, kind: str
) -> AsyncGenerator[Row, None]:
    with shelf.store as store:
        if sensors:
            work = partial(export, store, sensors, output, shelf.label, kind[1:])
            yield (await in_thread(store.database.interrupt, work))._asdict()
    _end(sensors, failed)


async def _to_stdout(
    shelf: Shelf, sensors: list[Sensor], failed: list[Row], kind: str
) -> AsyncGenerator[Row, None]:
    with shelf.store as store, render.plain_output() as file:
        work = partial(stream, store, sensors, file, shelf.label, kind)
        await in_thread(store.database.interrupt, work)
    _end(sensors, failed)
    return
    yield  # nothing but the readings goes there


def _end(sensors: list[Sensor], failed: list[Row]) -> None:
    for row in failed:
        render.note(f"{row['peer']}: {row['error']}")
    if failed:
        raise selecting.failure(failed, len({sensor.author for sensor in sensors}))
