"""Views of plain data: data -> a rich renderable, without printing."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mesh.cli.views import (
    alive_view,
    ask_view,
    event_lines,
    many_view,
    peers_view,
    relations_view,
    update_view,
)
from mesh.cli.views.layout import Row, clean, how, pairs, short, styled, table
from mesh.hub.show import units
from mesh.hub.show.words import quoted

CLOCKS = (
    "unknown",
    "told by peers, or not synchronised",
    "by NTP",
    "own reference",
)  # qualities of a clock, docs/protocol.md section 6


def _found(row: Row) -> list[tuple[str, str | Text]]:
    """How a peer was found, and when it was last heard; for this peer, whether it measures."""
    if "runs" not in row:
        return [("found by", how(row)), ("heard", units.ago(row["heard_s"]))]
    runs = "`mesh up` runs here" if row["runs"] else "only for this command: `mesh up` is not on"
    return [("runs", runs)]


def readings(rows: Sequence[Row]) -> RenderableType:
    """Readings of a peer."""
    if not rows:
        return Text("no readings yet")
    return table(
        ("sensor", "value", "age", "verified"),
        [
            (
                clean(row["sensor"]),
                clean(units.quantity(row["value"], row["unit"])),
                units.ago(row["age_s"]),
                "yes" if row["verified"] else Text("no", "bold red"),
            )
            for row in rows
        ],
        "value",
    )


def show(row: Row) -> RenderableType:
    """All that a peer tells."""
    about = row["about"]
    failing = about.get("failing")
    quality, unix_ms = _stamp(about.get("clock"))
    facts: list[tuple[str, str | Text]] = [
        ("name", clean(peers_view.named(row))),
        ("id", row["id"]),
        *peers_view.succession(row),
        ("kind", clean(row["kind"] or "-")),
        ("state", alive_view.state(row)),
        ("addresses", ", ".join(row["addresses"]) or "-"),
        *_found(row),
        ("signatures", f"{row['verified']} verified, {row['refused']} refused"),
        ("up for", units.duration(_number(about.get("uptime")))),
        ("starts", clean(about.get("boots", "-"))),
        ("clock", alive_view.clock(f"{_clock(quality)}{_difference(unix_ms)}", about)),
        ("memory", _memory(about.get("heap"))),
    ]
    for sensor, why in failing.items() if isinstance(failing, dict) else ():
        facts.append(("failing", clean(f"{sensor}: {why}")))
    if row.get("circles"):
        facts.append(("circles", ", ".join(map(quoted, row["circles"]))))
    facts += alive_view.fork(row) + alive_view.facts(about)
    facts += update_view.fact(about.get("update"))
    facts += update_view.fact(about.get("settings"), "settings")
    parts: list[RenderableType] = [pairs(facts), Text()]
    parts += _section("sensors", row["sensors"], _short_readings)
    parts += _section("actuators", row["actuators"], _values)
    parts += _section("changed by agreements", row.get("agreed"), ask_view.agreed)
    parts += _section("promises", row.get("promises"), relations_view.short_promises)
    parts += _section("agreements", row.get("agreements"), relations_view.short_agreements)
    parts += [
        pairs([("feeds", _heads(row["heads"])), ("resources", clean(" ".join(row["resources"])))])
    ]
    return Group(*parts)


def show_one_of(row: Row) -> RenderableType:
    """One of several peers, with a gap before the next."""
    return many_view.failure(row) if "error" in row else Group(show(row), Text())


def _section(name: str, data: Any, view: Callable[[Any], RenderableType]) -> list[RenderableType]:  # noqa: ANN401
    if isinstance(data, dict) and "refused" in data:
        return [pairs([(name, Text(clean(data["refused"]), "yellow"))]), Text()]
    return [Text(name, "bold"), view(data), Text()] if data else []


def _short_readings(rows: Sequence[Row]) -> RenderableType:
    return pairs(
        (
            f"  {clean(r['sensor'])}",
            f"{clean(units.quantity(r['value'], r['unit']))}  ({units.ago(r['age_s'])})",
        )
        for r in rows
    )


def _values(values: Mapping[str, Any]) -> RenderableType:
    return pairs(
        (f"  {clean(name)}", clean(units.word(_word(value)))) for name, value in values.items()
    )


def _word(value: Any) -> bool | str | None:  # noqa: ANN401 - an actuator's value
    return value if isinstance(value, bool | str) or value is None else str(value)


def _heads(heads: Sequence[Row]) -> str:
    return ", ".join(f"{clean(head['label'])} {_entries(head['seq'])}" for head in heads) or "none"


def _entries(seq: int) -> str:
    """How long a feed is: each start may continue at its number x 2^32 (docs/protocol.md s.6)."""
    start, count = divmod(seq, 1 << 32)
    return f"{count} since start {start}" if start else f"up to {count}"


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _stamp(clock: object) -> tuple[object, object]:
    """Quality and Unix ms of a clock, as in /peer."""
    if isinstance(clock, list) and len(clock) == 4:  # noqa: PLR2004 - docs/protocol.md section 6
        return clock[0], clock[3]
    return 0, None


def _clock(quality: object) -> str:
    if isinstance(quality, int) and 0 <= quality < len(CLOCKS):
        return CLOCKS[quality]
    return CLOCKS[0]


def _difference(unix_ms: object) -> str:
    if not isinstance(unix_ms, int):
        return ""
    off_s = unix_ms / 1000 - time.time()
    return f", {'agrees with ours' if abs(off_s) < 2 else f'{units.duration(off_s)} from ours'}"  # noqa: PLR2004


def _memory(heap: object) -> str:
    if not isinstance(heap, list) or len(heap) != 2:  # noqa: PLR2004 - [used, free]
        return "-"
    return f"{units.size(_number(heap[0]))} used, {units.size(_number(heap[1]))} free"


def set_actuator(row: Row) -> RenderableType:
    """What was set."""
    return Text(clean(f"{row['peer']}/{row['actuator']} is now {json.dumps(row['value'])}"))


def identity(row: Row) -> RenderableType:
    """The identity of this peer."""
    return pairs(
        [
            ("id", row["id"]),
            ("short", row["short"]),
            ("name", clean(row["name"]) or "-"),
            ("home", short(row["home"])),
            ("running", "yes" if row["running"] else "no"),
            *([("forked", Text(event_lines.OWN_FORK, "bold red"))] if row.get("forked") else []),
        ]
    )


def renewed(row: Row) -> RenderableType:
    """The new identity, and who has to be told."""
    to_be_told = f"{len(row['peers'])} peers knew the former id" if row["peers"] else "nobody"
    return Group(
        pairs([("id", row["id"]), ("former", row["former"]), ("former key", short(row["key"]))]),
        Text(
            f"to be told: {to_be_told}. Whoever names the former id in follow, allow, keep,"
            " updates, names or introduced_by has to name the new one; a board that this computer"
            f" introduced: mesh board settings introduced_by={row['id']}"
        ),
    )


def finding(row: Row) -> RenderableType:
    """A finding of the doctor, and what to do."""
    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(width=4)
    made.add_column(width=16, overflow="fold")
    made.add_column(overflow="fold")
    made.add_row(styled(row["state"]), row["what"], Text(clean(short(row["seen"]))))
    if row["todo"]:
        made.add_row(
            "", "", Text(clean(short(row["todo"])), "cyan" if row["state"] != "ok" else "dim")
        )
    return made


VIEWS: dict[str, Callable[[Any], RenderableType]] = {
    "readings": readings,
    "show": show,
    "show_many": show_one_of,
    "set": set_actuator,
    "id": identity,
    "renewed": renewed,
    "findings": finding,
}
