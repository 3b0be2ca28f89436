"""Options of the commands about the store: store, peer, time."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from mesh.core import peer_id as ids
from mesh.hub.home.home import Home
from mesh.hub.operations.shelf import WHEN, Shelf
from mesh.hub.show import units
from mesh.hub.store import schema
from mesh.hub.store.queries import Sensor

Given = TypeVar("Given")
STOP_S = 0.1

Since = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help=f"From then on: {WHEN}.")
]
Until = Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Up to then.")]


def path_of(home: Path | None) -> Path:
    """The path of a home's store."""
    return Home(home).path / schema.NAME


async def in_thread(stop: Callable[[], object], work: Callable[[], Given]) -> Given:
    """Run work() in a thread. After Ctrl-C, stop() makes it end soon."""
    doing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        while not doing.done():  # again, as a later query has to stop too
            stop()
            with contextlib.suppress(asyncio.CancelledError):  # another Ctrl-C
                await asyncio.wait([doing], timeout=STOP_S)
        doing.exception()  # the exception comes from stop()
        raise


def now_ms() -> int:
    """Unix ms, by this computer's clock."""
    return time.time_ns() // 1_000_000


def at(time_ms: int | None) -> float | None:
    """Unix seconds, as in --json."""
    return None if time_ms is None else time_ms / 1000


def doubt(early_ms: int, late_ms: int) -> str | None:
    """The warning for times that differ that much from arrival."""
    said = []
    if early_ms:
        said.append(f"up to {units.ago(early_ms / 1000)} before they came here (late, or a clock "
                    "that is behind)")  # fmt: skip
    if late_ms:
        said.append(f"up to {units.ago(late_ms / 1000)} after they came here (a clock that is "
                    "ahead)")  # fmt: skip
    return f"times are doubtful: {', and '.join(said)}" if said else None


def sensor_row(shelf: Shelf, sensor: Sensor) -> dict[str, Any]:
    """The sensor, as in --json."""
    return {
        "peer": shelf.label(sensor.author),
        "id": ids.to_text(sensor.author),
        "sensor": sensor.name,
        "unit": sensor.unit or None,
    }
