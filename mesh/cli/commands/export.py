"""mesh export: readings into a file for other programs."""

from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.cli.kept import in_thread, now_ms
from mesh.cli.options import MANY, HomeFolder, Json, Reply, offer_peers
from mesh.cli.typed import check_target
from mesh.cli.views import output, render
from mesh.hub.failure import FAILED, USAGE, Failure
from mesh.hub.operations import selecting
from mesh.hub.operations.shelf import WHEN, Shelf, open_shelf, when
from mesh.hub.store import sequence
from mesh.hub.store.exporting import export, format_of, stream
from mesh.hub.store.queries import Sensor

EXAMPLE = "mesh export greenhouse -o greenhouse.csv; mesh export --runs -o /media/stick/all.runs"
STDOUT = Path("-")
STEP = 256  # runs between two words of how far it is
Row = dict[str, Any]


def command(  # noqa: PLR0913 - each is an option
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="PEER[/SENSOR]...",
            help=f"{MANY} So can be SENSOR. With --runs peers, all if none is named.",
            autocompletion=offer_peers,
        ),
    ] = [],  # noqa: B006 - typer copies it
    *,
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
    runs: Annotated[
        bool, typer.Option("--runs", help="Signed runs, for `mesh import` at another site.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help=f"Runs that came from then on: {WHEN}."),
    ] = None,
    home: HomeFolder = None,
    json: Json = False,
) -> Reply:
    """Export readings or signed runs to a file: CSV, Parquet or SenML JSON, as its name says.

    The same command again adds to a CSV file what is new, and nothing twice; the others are
    written anew. Each row has the peer's name and its id. With --runs it is what the peers
    signed, which `mesh import` checks and takes at another site.
    """
    if output == STDOUT and json:
        detail = "--json tells what was written, and -o - writes the readings there"
        raise Failure(detail, "leave one of them out; --format senml.json is JSON", USAGE)
    if output != STDOUT:
        check_target(output)
    if runs:
        if form:
            raise Failure("--runs has a format of its own", "leave --format out", USAGE)
        return _runs(targets, output, when(since, now_ms()), home, json)
    if since is not None:
        raise Failure("--since goes with --runs", "`mesh history --since` shows readings", USAGE)
    if not targets:
        raise Failure("whose readings is not said", "name peers, '*' for all", USAGE)
    kind = format_of(output.name, form or ("csv" if output == STDOUT else ""))
    shelf = open_shelf(home)
    sensors, failed = shelf.chosen(targets)
    sensors = [part for sensor in sensors for part in (*shelf.before(sensor), sensor)]
    if output == STDOUT:
        return Reply("export", _to_stdout(shelf, sensors, failed, kind), json)
    items = _export(shelf, sensors, failed, output, kind)
    return Reply("export", items, json, until=f"writing {output.name}")


def _runs(
    words: list[str], path: Path, since_ms: int | None, home: Path | None, json: bool
) -> Reply:
    selecting.only_peers(words, "runs hold all that a peer said")
    shelf = open_shelf(home)
    authors, failed = shelf.whose(words) if words else (shelf.store.authors(), [])
    items = _write_runs(shelf, authors, failed, path, since_ms)
    return Reply("export_runs", items, json, many=True)


async def _write_runs(
    shelf: Shelf, authors: list[bytes], failed: list[Row], path: Path, since_ms: int | None
) -> AsyncGenerator[Row, None]:
    with shelf.store as store, ExitStack() as stack:
        if path == STDOUT:
            file = stack.enter_context(output.plain_output())
            work = sequence.write(store, authors, file.buffer, since_ms)
        else:
            work = sequence.save(store, authors, path, since_ms)
        stack.callback(work.close)
        done: sequence.Written | None = None
        more = partial(_some, work)
        while (found := await in_thread(store.database.interrupt, more)) is not None:
            done = found
            if path != STDOUT:
                yield {
                    "event": "progress", "verb": "writing", "what": path.name,
                    "done": done.authors - 1, "of": len(authors),
                }  # fmt: skip
        if done is not None and path != STDOUT:
            yield {"event": "written", "file": str(path), **done._asdict()}
    for row in failed:
        render.note(f"{row['peer']}: {row['error']}")
    if failed:
        raise selecting.failure(failed, len(authors))
    if done is not None and done.damaged:
        detail = f"{done.damaged} parts of the store are damaged, and were left out"
        raise Failure(detail, "`mesh verify` tells which", FAILED)


def _some(work: Generator[sequence.Written, None, None]) -> sequence.Written | None:
    """How far it is after some runs more; None at the end."""
    done = None
    for done in islice(work, STEP):  # noqa: B007 - the last one is wanted
        pass
    return done


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
    with shelf.store as store, output.plain_output() as file:
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
