"""Readings into files for other programs; what was exported once does not come twice."""

import csv
import io
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple

from mesh.core import ids
from mesh.core.errors import LocalError
from mesh.hub.failure import USAGE, Failure
from mesh.hub.files import draft, no_link
from mesh.hub.store.queries import Queries, Sensor, Taken
from mesh.hub.words import cell, json_text, uncell

HEADER = ["author", "seq", "sensor", "unit", "time", "quality", "value"]
HEAD = (",".join(HEADER) + "\n").encode()
PACK = (b"[]\n", b'[\n{"n":"urn:othermesh:')  # how a SenML file of ours begins
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
    anew, the same bytes for the same readings. LocalError; Failure if a file of others is there.
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
        raise LocalError(
            f"{path} cannot be written: {error.strerror or error}",
            "nothing that was in it is lost; the same command does the rest",
        ) from error
    raise Failure(
        f"{path}: of what kind the file is, its name has to tell",
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
    known, end = _there(path)
    new = 0
    if end is not None:
        with open(path, "r+b", opener=no_link) as old:
            old.truncate(end)
    with open(path, "a", encoding="utf-8", newline="", opener=no_link) as file:
        writer = csv.writer(file, lineterminator="\n")
        if not end:
            writer.writerow(HEADER)
        for sensor, taken in _each(store, sensors):
            author = ids.to_text(sensor.author)
            if (author, taken.seq, sensor.name) in known:
                continue
            value: object = taken.value
            if isinstance(value, bool):
                value = json.dumps(value)
            elif isinstance(value, str):
                value = cell(value)
            name, unit = cell(sensor.name), cell(sensor.unit)
            row = [author, taken.seq, name, unit, iso(taken.time), taken.quality]
            writer.writerow([*row, value])
            new += 1
        file.flush()
        os.fsync(file.fileno())
    return Exported(str(path), "csv", new, new + len(known))


def _there(path: Path) -> tuple[set[tuple[str, int, str]], int | None]:
    """What a CSV file holds, by author, seq and sensor, and where its last whole row ends; None if
    there is no file. Nothing is changed. Failure if it is no file of ours.
    """
    if not path.exists():
        return set(), None
    with open(path, "rb", opener=no_link) as file:
        if not HEAD.startswith(file.read(len(HEAD))):
            raise _foreign(path)
        file.seek(0)
        known: set[tuple[str, int, str]] = set()
        end = 0
        try:
            for text, after in _whole_rows(file):
                if end:
                    # an older one may have a lone CR in the last field
                    row = next(csv.reader(io.StringIO(text, newline="")))
                    known.add((row[0], int(row[1]), uncell(row[2])))
                end = after
        except (ValueError, IndexError, csv.Error) as error:
            raise Failure(
                f"{path}: behind byte {end} is no reading", "it was not touched; name another file"
            ) from error
    return known, end


def _whole_rows(file: IO[bytes]) -> Iterator[tuple[str, int]]:
    """Each row of CSV and where it ends, without what a write that was cut off left at the end."""
    row = b""
    for line in file:
        row += line
        if line.endswith(b"\n") and row.count(b'"') % 2 == 0:  # else a line break in a text
            yield row.decode(), file.tell()
            row = b""


def _foreign(path: Path) -> Failure:
    return Failure(
        f"{path} is there already, and no export of ours",
        "it was not touched; name another file, or move it away",
    )


def _senml(store: Queries, sensors: list[Sensor], path: Path) -> Exported:
    """A SenML pack (RFC 8428 section 5). A time that is only that of arrival is said to be so."""
    count = 0
    if path.exists() and path.stat().st_size:
        with open(path, "rb", opener=no_link) as old:
            if not old.read(len(PACK[-1])).startswith(PACK):
                raise _foreign(path)
    with draft(path) as part, part.open("w", encoding="utf-8", newline="") as file:
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
            text = json_text(json.dumps(fields, ensure_ascii=False, separators=(",", ":")))
            file.write((",\n" if count else "[\n") + text)
            count += 1
        file.write("\n]\n" if count else "[]\n")
    return Exported(str(path), "senml", count, count)


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
    if path.exists() and path.stat().st_size:
        try:
            ours = pq.read_schema(path).equals(layout)
        except pa.ArrowInvalid:
            ours = False
        if not ours:
            raise _foreign(path)
    count = 0
    rows = _each(store, sensors)
    with draft(path) as part, pq.ParquetWriter(part, layout) as writer:
        while piece := _piece(rows):
            writer.write_table(pa.Table.from_pylist(piece, layout))
            count += len(piece)
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
