"""Exports readings to files for other programs; a repeated export adds only what is new."""

import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple, TextIO

from mesh.core import peer_id as ids
from mesh.core.errors import LocalError
from mesh.hub import extras
from mesh.hub.failure import USAGE, Failure
from mesh.hub.home.files import draft, no_link
from mesh.hub.show.words import cell, json_text, uncell
from mesh.hub.store.queries import Queries, Sensor, Taken

HEADER = ["author", "seq", "sensor", "unit", "time", "quality", "value", "peer"]
HEAD = (",".join(HEADER) + "\n").encode()
NAMELESS = (",".join(HEADER[:-1]) + "\n").encode()  # header of older files, which had no names
# the beginning of our SenML files: names begin with an id, and formerly with a URN
PACK = re.compile(rb'\[\]\n|\[\n\{"n":"(urn:othermesh:|[a-z2-7]{52}/)')
FORMATS = (".csv", ".parquet", ".senml.json")
END_MS = 1 << 62
LONGEST_START = 80  # bytes that show whether it is one
PIECE = 50_000  # rows written to a Parquet file at a time


Label = Callable[[bytes], str]  # author -> name


class Exported(NamedTuple):
    """The result of an export."""

    file: str
    format: str
    new: int
    all: int


def export(
    store: Queries, sensors: list[Sensor], path: Path, label: Label = ids.to_text, form: str = ""
) -> Exported:
    """Write the readings of some sensors to `path`, in the format of its name, or in `form`.

    An existing CSV file gets the missing rows, by author, seq and sensor. Other formats are
    written anew, with the same bytes for the same readings. LocalError; Failure if the file is not
    of ours. label(author): a name.
    """
    kind = format_of(path.name, form)
    try:
        return WRITERS[kind](store, sensors, path, label)
    except OSError as error:
        raise LocalError(
            f"{path} cannot be written: {error.strerror or error}",
            "nothing that was in it is lost; the same command does the rest",
        ) from error


def format_of(name: str, form: str = "") -> str:
    """The format to use, one of FORMATS. Failure with code USAGE."""
    kinds = [
        end for end in FORMATS if f".{form}" == end or (not form and name.lower().endswith(end))
    ]
    if kinds:
        return kinds[0]
    ends = ", ".join(FORMATS)
    if form:
        raise Failure(f"there is no format '{form}'", f"there are: {ends.replace('.', '')}", USAGE)
    detail = f"{name}: of what kind the file is, its name has to tell"
    raise Failure(detail, f"end it in {ends}, or say --format", USAGE)


def stream(
    store: Queries, sensors: list[Sensor], file: TextIO, label: Label, form: str
) -> Exported:
    """Write readings to an open file, as CSV or SenML. Failure for another format."""
    if form == ".csv":
        file.write(HEAD.decode())
        new = _add(file, store, sensors, label, set())
    elif form == ".senml.json":
        new = _pack(file, store, sensors)
    else:
        raise Failure(f"{form[1:]} needs a file of its own", "-o FILE, or --format csv", USAGE)
    file.flush()
    return Exported("-", form[1:].partition(".")[0], new, new)


def iso(time_ms: int) -> str:
    """Unix ms as date and time in UTC (RFC 3339); as a number if no calendar reaches there."""
    try:
        moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return str(time_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _each(store: Queries, sensors: list[Sensor]) -> Iterator[tuple[Sensor, Taken]]:
    for sensor in sensors:
        for taken in store.readings(sensor, -END_MS, END_MS):
            yield sensor, taken


def _csv(store: Queries, sensors: list[Sensor], path: Path, label: Label) -> Exported:
    known, end = _there(path)
    named = not end or _begins(path, HEAD)
    if end is not None:
        with open(path, "r+b", opener=no_link) as old:
            old.truncate(end)
    with open(path, "a", encoding="utf-8", newline="", opener=no_link) as file:
        if not end:
            file.write(HEAD.decode())
        new = _add(file, store, sensors, label if named else None, known)
        file.flush()
        os.fsync(file.fileno())
    return Exported(str(path), "csv", new, new + len(known))


def _add(
    file: TextIO,
    store: Queries,
    sensors: list[Sensor],
    label: Label | None,
    known: set[tuple[str, int, str]],
) -> int:
    """Write a row for each reading that is not known. Gives how many. label: None for no names."""
    writer = csv.writer(file, lineterminator="\n")
    new = 0
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
        row = [author, taken.seq, name, unit, iso(taken.time), taken.quality, value]
        writer.writerow(row if label is None else [*row, cell(label(sensor.author))])
        new += 1
    return new


def _begins(path: Path, head: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(head)) == head


def _there(path: Path) -> tuple[set[tuple[str, int, str]], int | None]:
    """What a CSV file has, by author, seq and sensor, and where its last whole row ends; None
    without a file. Nothing is changed. Failure if it is no file of ours.
    """
    if not path.exists():
        return set(), None
    with open(path, "rb", opener=no_link) as file:
        begun = file.read(len(HEAD))
        if not HEAD.startswith(begun) and not begun.startswith(NAMELESS):
            raise _foreign(path)
        file.seek(0)
        known: set[tuple[str, int, str]] = set()
        end = 0
        try:
            for text, after in _whole_rows(file):
                if end:
                    # an older file may have a lone CR in the last field
                    row = next(csv.reader(io.StringIO(text, newline="")))
                    known.add((row[0], int(row[1]), uncell(row[2])))
                end = after
        except (ValueError, IndexError, csv.Error) as error:
            raise Failure(
                f"{path}: behind byte {end} is no reading", "it was not touched; name another file"
            ) from error
    return known, end


def _whole_rows(file: IO[bytes]) -> Iterator[tuple[str, int]]:
    """Yield each CSV row and where it ends, without an incomplete one at the end."""
    row = b""
    for line in file:
        row += line
        if line.endswith(b"\n") and row.count(b'"') % 2 == 0:  # else a line break inside a text
            yield row.decode(), file.tell()
            row = b""


def _foreign(path: Path) -> Failure:
    return Failure(
        f"{path} is there already, and no export of ours",
        "it was not touched; name another file, or move it away",
    )


def _senml(store: Queries, sensors: list[Sensor], path: Path, _: Label) -> Exported:
    if path.exists() and path.stat().st_size:
        with open(path, "rb", opener=no_link) as old:
            if not PACK.match(old.read(LONGEST_START)):
                raise _foreign(path)
    with draft(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        count = _pack(file, store, sensors)
    return Exported(str(path), "senml", count, count)


def _pack(file: TextIO, store: Queries, sensors: list[Sensor]) -> int:
    """Write a SenML pack (RFC 8428 s.5). A time that is only the time of arrival is marked."""
    count = 0
    for sensor, taken in _each(store, sensors):
        fields: dict[str, object] = {"n": ids.base_name(sensor.author) + sensor.name}
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
    return count


def _parquet(store: Queries, sensors: list[Sensor], path: Path, label: Label) -> Exported:
    try:
        import pyarrow as pa  # noqa: PLC0415 - large, and few need it
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise LocalError(
            "Parquet needs the package pyarrow, which is not installed",
            f"{extras.PARQUET}; CSV and SenML need nothing more",
        ) from error
    fields = [
        ("author", pa.string()), ("seq", pa.int64()), ("sensor", pa.string()),
        ("unit", pa.string()), ("time", pa.timestamp("ms", tz="UTC")), ("quality", pa.int8()),
        ("number", pa.float64()), ("text", pa.string()), ("truth", pa.bool_()),
        ("peer", pa.string()),
    ]  # fmt: skip
    layout = pa.schema(fields)
    if path.exists() and path.stat().st_size:
        try:
            there = pq.read_schema(path)
            ours = there.equals(layout) or there.equals(pa.schema(fields[:-1]))
        except pa.ArrowInvalid:
            ours = False
        if not ours:
            raise _foreign(path)
    count = 0
    rows = _each(store, sensors)
    with draft(path) as part, pq.ParquetWriter(part, layout) as writer:
        while piece := _piece(rows, label):
            writer.write_table(pa.Table.from_pylist(piece, layout))
            count += len(piece)
    return Exported(str(path), "parquet", count, count)


def _piece(rows: Iterator[tuple[Sensor, Taken]], label: Label) -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    for sensor, taken in rows:
        value = taken.value
        kind = {bool: "truth", str: "text"}.get(type(value), "number")
        row: dict[str, object] = {
            "author": ids.to_text(sensor.author), "seq": taken.seq, "sensor": sensor.name,
            "unit": sensor.unit, "time": taken.time, "quality": taken.quality,
            "peer": label(sensor.author),
        }  # fmt: skip
        row[kind] = float(value) if kind == "number" else value
        made.append(row)
        if len(made) == PIECE:
            break
    return made


WRITERS: Mapping[str, Callable[[Queries, list[Sensor], Path, Label], Exported]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".senml.json": _senml,
}
