"""Readings into files for other programs; what was exported once does not come twice."""

import contextlib
import csv
import io
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from mesh.core import ids
from mesh.core.errors import LocalError
from mesh.hub.failure import USAGE, Failure
from mesh.hub.store.queries import Queries, Sensor, Taken

HEADER = ["author", "seq", "sensor", "unit", "time", "quality", "value"]
FORMATS = (".csv", ".parquet", ".senml.json")
END_MS = 1 << 62
PIECE = 50_000  # rows of a Parquet file written at a time


class Exported(NamedTuple):
    """What an export did."""

    file: str
    format: str
    new: int
    all: int


def export(store: Queries, sensors: list[Sensor], path: Path) -> Exported:
    """Write the readings of some sensors into `path`, in the format of its name.

    A CSV file that is there gets what it lacks, by author, seq and sensor; the others are written
    anew, the same bytes for the same readings. LocalError.
    """
    name = path.name.lower()
    try:
        if name.endswith(".csv"):
            return _csv(store, sensors, path)
        if name.endswith(".senml.json"):
            return _senml(store, sensors, path)
        if name.endswith(".parquet"):
            return _parquet(store, sensors, path)
    except OSError as error:
        raise LocalError(f"{path} cannot be written: {error.strerror or error}") from error
    raise Failure(
        f"{path.name}: of what kind the file is, its name has to tell",
        f"end it in {', '.join(FORMATS)}",
        USAGE,
    )


def iso(time_ms: int) -> str:
    """Unix ms as a date and time in UTC (RFC 3339); as a number where no calendar reaches."""
    try:
        moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return str(time_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _each(store: Queries, sensors: list[Sensor]) -> Iterator[tuple[Sensor, Taken]]:
    for sensor in sensors:
        for taken in store.readings(sensor, -END_MS, END_MS):
            yield sensor, taken


def _csv(store: Queries, sensors: list[Sensor], path: Path) -> Exported:
    there = _there(path)
    new = 0
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if there is None:
            writer.writerow(HEADER)
        known = there or set()
        for sensor, taken in _each(store, sensors):
            author = ids.to_text(sensor.author)
            if (author, taken.seq, sensor.name) in known:
                continue
            value = json.dumps(taken.value) if isinstance(taken.value, bool) else taken.value
            row = [author, taken.seq, sensor.name, sensor.unit, iso(taken.time), taken.quality]
            writer.writerow([*row, value])
            new += 1
        file.flush()
        os.fsync(file.fileno())
    return Exported(str(path), "csv", new, new + len(known))


def _there(path: Path) -> set[tuple[str, int, str]] | None:
    """What a CSV file holds, by author, seq and sensor; None if it is new. Half a line at its end
    is cut off. LocalError if it is no file of ours.
    """
    if not path.exists() or path.stat().st_size == 0:
        return None
    with path.open("rb+") as raw:
        data_end = _last_line_end(raw)
        raw.truncate(data_end)
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        if next(rows, None) != HEADER:
            raise LocalError(f"{path} is another file: its first line is not ours", "name another")
        try:
            return {(row[0], int(row[1]), row[2]) for row in rows}
        except (ValueError, IndexError) as error:
            raise LocalError(
                f"{path}, line {rows.line_num}: no reading",
                "nothing was changed; name another file",
            ) from error


def _last_line_end(raw: Any) -> int:  # noqa: ANN401 - a file
    """Where the last whole line of a file ends."""
    end: int = raw.seek(0, io.SEEK_END)
    while end:
        start = max(0, end - 4096)
        raw.seek(start)
        found = raw.read(end - start).rfind(b"\n")
        if found >= 0:
            return int(start + found + 1)
        end = start
    return 0


def _senml(store: Queries, sensors: list[Sensor], path: Path) -> Exported:
    """A SenML pack (RFC 8428 section 5). A time that is only that of arrival is said to be so."""
    count = 0
    with _anew(path) as file:
        for sensor, taken in _each(store, sensors):
            fields: dict[str, object] = {
                "n": f"urn:othermesh:{ids.to_text(sensor.author)}:{sensor.name}"
            }
            if sensor.unit:
                fields["u"] = sensor.unit
            fields["t"] = taken.time / 1000
            label = {bool: "vb", str: "vs"}.get(type(taken.value), "v")
            fields[label] = taken.value
            fields["seq"] = taken.seq
            if not taken.quality:
                fields["arrival"] = True
            text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
            file.write((",\n" if count else "[\n") + text)
            count += 1
        file.write("\n]\n" if count else "[]\n")
    return Exported(str(path), "senml", count, count)


@contextlib.contextmanager
def _anew(path: Path) -> Iterator[Any]:
    """A text file that takes the place of `path` once it is whole."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _parquet(store: Queries, sensors: list[Sensor], path: Path) -> Exported:
    try:
        import pyarrow as pa  # noqa: PLC0415 - large, and few need it
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise LocalError(
            "Parquet needs the package pyarrow, which is not installed",
            "pip install 'othermesh[parquet]'; CSV and SenML need nothing more",
        ) from error
    fields = [
        ("author", pa.string()), ("seq", pa.int64()), ("sensor", pa.string()),
        ("unit", pa.string()), ("time", pa.timestamp("ms", tz="UTC")), ("quality", pa.int8()),
        ("number", pa.float64()), ("text", pa.string()), ("truth", pa.bool_()),
    ]  # fmt: skip
    layout = pa.schema(fields)
    part = path.with_name(path.name + ".part")
    count = 0
    rows = _each(store, sensors)
    try:
        with pq.ParquetWriter(part, layout) as writer:
            while piece := _piece(rows):
                writer.write_table(pa.Table.from_pylist(piece, layout))
                count += len(piece)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return Exported(str(path), "parquet", count, count)


def _piece(rows: Iterator[tuple[Sensor, Taken]]) -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    for sensor, taken in rows:
        value = taken.value
        kind = {bool: "truth", str: "text"}.get(type(value), "number")
        row: dict[str, object] = {
            "author": ids.to_text(sensor.author), "seq": taken.seq, "sensor": sensor.name,
            "unit": sensor.unit, "time": taken.time, "quality": taken.quality,
        }  # fmt: skip
        row[kind] = float(value) if kind == "number" else value
        made.append(row)
        if len(made) == PIECE:
            break
    return made
