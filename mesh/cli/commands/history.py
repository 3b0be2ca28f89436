"""mesh history: past readings of sensors."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.cli.kept import Since, Until, at, doubt, now_ms, sensor_row
from mesh.cli.options import HomeFolder, Json, Reply, Targets
from mesh.cli.typed import check_target
from mesh.core import peer_id as ids
from mesh.hub.failure import USAGE, Failure
from mesh.hub.operations import selecting
from mesh.hub.operations.shelf import Shelf, open_shelf, when
from mesh.hub.show import units
from mesh.hub.store.plot import Plot, kind_of, save, text
from mesh.hub.store.queries import Point, Sensor

EXAMPLE = "mesh history greenhouse/temperature --since 1d --plot"
POINTS, DRAWN = 24, 1000  # in a table, in a picture
HEIGHT = 20  # lines of a plot in the terminal
Row = dict[str, Any]
Wanted = tuple[int | None, int | None, int]  # from when, to when, how many points


def command(  # noqa: PLR0913, PLR0917 - each is an option
    targets: Targets,
    since: Since = None,
    until: Until = None,
    plot: Annotated[bool, typer.Option("--plot", help="Draw it in the terminal.")] = False,
    points: Annotated[
        int | None, typer.Option("--points", min=1, max=100_000, help="At most so many points.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Draw it: .svg or .png.")
    ] = None,
    home: HomeFolder = None,
    json: Json = False,
) -> Reply:
    """Show past readings of one or many sensors: in points that each stand for many readings.

    Of each point the least, mean and most. `mesh export` has every single reading.
    """
    moment = now_ms()
    start, end = when(since, moment), when(until, moment, last=True)
    if start is not None and end is not None and start > end:
        raise Failure(f"--since {since} is after --until {until}", "swap the two", USAGE)
    if output is not None:
        kind_of(output)
        check_target(output)
    shelf = open_shelf(home)
    sensors, failed = shelf.chosen(targets)
    target, several = targets[0], selecting.is_many(targets)
    if output is not None and len(sensors) > 1:
        detail = f"a picture shows one sensor, and here are {len(sensors)}"
        raise Failure(detail, "name one, or leave -o out: --plot draws several", USAGE)
    if len(sensors) > 1 and not several:
        names = ", ".join(sensor.name for sensor in sensors)
        help = f"name one: mesh history {target}/{sensors[0].name}, or all: '{target}/*'"
        raise Failure(f"{target} has several sensors: {names}", help, USAGE)
    width = shutil.get_terminal_size((80, 24)).columns
    count = points or (DRAWN if output else 2 * width if plot else POINTS)
    wanted = (start, end, count)
    if several:
        items = _histories(shelf, sensors, failed, partial(_row, shelf, wanted, plot, output))
        return Reply("history_many", items, json, listed=True)
    return Reply("history", _history(shelf, sensors[0], wanted, plot, output), json)


async def _histories(
    shelf: Shelf, sensors: list[Sensor], failed: list[Row], one: Callable[[Sensor], Awaitable[Row]]
) -> AsyncGenerator[Row, None]:
    with shelf.store:
        for sensor in sensors:
            yield await one(sensor)
    for row in failed:
        yield row
    if failed:
        raise selecting.failure(failed, len({sensor.author for sensor in sensors}))


async def _history(
    shelf: Shelf, sensor: Sensor, wanted: Wanted, plot: bool, output: Path | None
) -> AsyncGenerator[Row, None]:
    with shelf.store:
        yield await _row(shelf, wanted, plot, output, sensor)


async def _row(
    shelf: Shelf, wanted: Wanted, plot: bool, output: Path | None, sensor: Sensor
) -> Row:
    """What one sensor measured from wanted[0] to wanted[1], in wanted[2] points."""
    store = shelf.store
    parts = [*shelf.before(sensor), sensor]
    spans = [span for span in map(store.span, parts) if span is not None]
    span = (spans[0][0], spans[-1][1]) if spans else (0, 0)
    start = span[0] if wanted[0] is None else wanted[0]
    end = span[1] if wanted[1] is None else wanted[1]
    found = [
        point for one in parts for point in store.thinned(one, start, max(start, end), wanted[2])
    ]
    row = sensor_row(shelf, sensor) | {
        "since": at(start),
        "until": at(end),
        "first": at(span[0]),
        "last": at(span[1]),
        "points": [point._asdict() | {"time": at(point.time)} for point in found],
        "former": [ids.to_text(one.author) for one in parts[:-1]],
        "doubt": doubt(*store.doubt(sensor, [*(point.time for point in found), span[1]])),
    }
    if not found:
        row["others"] = [
            {"time": at(taken.time), "value": taken.value}
            for one in parts
            for taken in list(store.readings(one, start, end))[-wanted[2] :]
        ]
        if output is not None:
            what = "no numbers" if row["others"] else "nothing"
            raise Failure(f"{what} of {shelf.label(sensor.author)}/{sensor.name} in that time")
    elif plot or output:
        drawing = _drawing((f"{row['peer']}/{sensor.name}", row["doubt"]), sensor.unit, found)
        if output is not None:
            await asyncio.to_thread(save, drawing, output)
            row["file"] = str(output)
        if plot:
            row["plot"] = text(drawing, shutil.get_terminal_size((80, 24)).columns, HEIGHT)
    return row


def _drawing(title: tuple[str, str | None], unit: str, found: Sequence[Point]) -> Plot:
    """What is drawn: values in the step of their unit that leaves few digits."""
    most = max(max(abs(point.least), abs(point.most)) for point in found)
    by, sign = units.scale(most, unit)
    points = [
        Point(time, least / by, mean / by, most / by, n) for time, least, mean, most, n in found
    ]
    return Plot(title[0], sign, points, title[1] or "")
