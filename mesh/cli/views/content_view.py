"""View of a response of any CoAP server."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mesh.cli.views.layout import Row, clean, table
from mesh.hub.show import units

MOST_ROWS = 200  # most rows of a table
MOST_TEXT = 16_384  # most characters of a text
MOST_HEX = 2 + 2 * 100 + 1  # most characters of bytes as h'..'
PROBLEM = 257
RECORD = {"name", "value", "unit", "time"}


def content(row: Row) -> RenderableType:
    """Code, format and signer; notes; and the content."""
    signer = f", signed by {row['signed_by']}" if row["signed_by"] else ", not signed"
    size = f", {row['bytes']:,} bytes" if "bytes" in row else ""
    parts: list[RenderableType] = [
        Text(clean(f"{row['code']} {row['format']}{size}{signer}"), "dim")
    ]
    parts += [Text(clean(note), "yellow") for note in row.get("notes", ())]
    return Group(*parts, *_held(row))


def _held(row: Row) -> list[RenderableType]:
    found = row["content"]
    if isinstance(found, list) and found and all(isinstance(one, dict) for one in found):
        if all(isinstance(one.get("href"), str) for one in found):
            return [_links(found[:MOST_ROWS]), *_more(found, "links")]
        if all(set(one) >= RECORD for one in found):
            return [_records(found[:MOST_ROWS]), *_more(found, "records")]
    if isinstance(found, str) and found.startswith("h'") and len(found) > MOST_HEX:
        left = (len(found) - MOST_HEX) // 2
        return [Text(f"{found[: MOST_HEX - 1]}...\n({left:,} more bytes: --json has all)")]
    text = None if row.get("content_format") == PROBLEM else row.get("diagnostic")
    if text is None:
        text = found if isinstance(found, str) else json.dumps(found, indent=2, ensure_ascii=False)
    left = len(text) - MOST_TEXT
    lines = [clean(line) for line in text[:MOST_TEXT].splitlines()]
    if left > 0:
        lines.append(f"({left:,} more characters: --json has all)")
    return [Text("\n".join(lines))]


def _more(found: Sequence[Row], what: str) -> list[RenderableType]:
    left = len(found) - MOST_ROWS
    return [Text(f"{left:,} more {what}: --json has all", "yellow")] if left > 0 else []


def _links(links: Sequence[Row]) -> Table:
    rows = []
    for link in links:
        more = [k if v is True else f"{k}={_joined(v)}" for k, v in link.items() if k != "href"]
        rows.append((clean(link["href"]), clean("  ".join(more))))
    return table(("resource", "attributes"), rows)


def _joined(value: Any) -> str:  # noqa: ANN401 - a text, or several
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _records(records: Sequence[Row]) -> Table:
    """Readings, without empty columns."""
    shown = [
        (heading, key)
        for heading, key in (("sum", "sum"), ("at", "time"))
        if any(record.get(key) is not None for record in records)
    ]
    rows = []
    for record in records:
        cells = [clean(record["name"]), clean(_quantity(record))]
        cells += [clean(_cell(key, record.get(key))) for _, key in shown]
        rows.append(cells)
    return table(("name", "value", *[heading for heading, _ in shown]), rows)


def _quantity(record: Row) -> str:
    value = record["value"]
    if value is None and "sum" in record:
        return "-"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    unit = record["unit"]
    return units.quantity(value, unit if isinstance(unit, str) else None)


def _cell(key: str, value: Any) -> str:  # noqa: ANN401 - whatever a record has there
    if value is None:
        return "-"
    return _when(value) if key == "time" else str(value)


def _when(seconds: Any) -> str:  # noqa: ANN401 - whatever a record has there
    try:
        moment = datetime.fromtimestamp(float(seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return str(seconds)
    return moment.isoformat(" ", "seconds").replace("+00:00", " UTC")


VIEWS: Mapping[str, Callable[[Any], RenderableType]] = {"content": content}
