"""Views of boards, sensors, checks and power budgets."""

from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mesh.cli.views.layout import Row, clean, pairs, short, table
from mesh.hub.show import units

BAR = 24  # characters of the longest bar
SMALL = 0.0005  # mA below which "less than" is shown


def listing(rows: Sequence[Row]) -> RenderableType:
    """All boards and devices with data."""
    return table(
        ("name", "is a", "part", "what for"),
        [(r["name"], r["what"], r["part"], r.get("title") or r.get("chip", "")) for r in rows],
    )


def one(row: Row) -> RenderableType:
    """A board or device."""
    return _board(row) if row["is"] == "board" else _device(row)


def _board(row: Row) -> RenderableType:
    head = pairs(
        [
            ("board", f"{row['id']}: {row['name']}"),
            ("chip", row["chip"]),
            ("MicroPython", row["micropython"]),
            *((name, _figure(figure, "")) for name, figure in row["limits"].items()),
            *((f"{name} gives", _figure(figure, " mA")) for name, figure in row["rails"].items()),
            *((mode, _figure(figure, " mA")) for mode, figure in row["power"].items()),
        ]
    )
    if not row["pins"]:
        return head
    pins = [
        (
            pin["printed"] or label,
            " ".join(pin["positions"]) or "-",
            "-" if pin["gpio"] is None else str(pin["gpio"]),
            " ".join(pin["does"]) or pin["rail"] or "-",
            pin["never"] or pin["warn"] or pin["note"],
        )
        for label, pin in row["pins"].items()
    ]
    return Group(head, Text(), table(("printed", "place", "GPIO", "can be", "mind"), pins))


def _figure(figure: Any, unit: str) -> str:  # noqa: ANN401
    sure = "" if figure["checked"] else "; not checked"
    return f"{figure['value']:g}{unit}  ({figure['source']}{sure})"


def _device(row: Row) -> RenderableType:
    supply, current = row["supply"], row["current"]
    facts = [
        (row["kind"], row["title"]),
        ("part", row["part"]),
        ("interface", row["interface"]),
        ("gives", " ".join(row["measures"]) or "-"),
        ("runs on", f"{supply['min']:g} to {supply['max']:g} V" if supply else "-"),
        ("address", " or ".join(f"{a:#04x}" for a in row["addresses"]) or "-"),
        ("at rest", f"{current['rest_ua']:g} µA"),
        ("active", f"{current['active_ua']:g} µA for {current['active_ms']:g} ms"),
        ("from", current["source"] + ("" if current["checked"] else "; not checked")),
        ("pins", ", ".join(f"{leg['label']} to {leg['to']}" for leg in row["legs"])),
        *(("takes also", f"{extra['part']}: {extra['why']}") for extra in row["extras"]),
        *(("mind", note) for note in row["notes"]),
    ]
    return pairs(facts)


def findings(rows: Sequence[Row]) -> RenderableType:
    """Problems, and what to do."""
    if not rows:
        return Text("nothing is wrong with this set-up", "green")
    lines = []
    for row in rows:
        style = "bold red" if row["level"] == "error" else "yellow"
        lines.append(Text(row["level"], style).append(f"  {_said(row)}", "default"))
        if row["help"]:
            lines.append(Text(f"    {clean(row['help'])}", "cyan"))
    return Group(*lines)


def _said(row: Row) -> str:
    return clean(f"{row['path']}: {row['detail']}")


def wiring(row: Row) -> RenderableType:
    """The parts; the wires are in the picture."""
    parts = [(str(part["count"]), part["part"], clean(part["for"])) for part in row["parts"]]
    drawn = Text(f"{len(row['wires'])} wires, drawn in {short(row['picture'])}")
    return Group(table(("count", "part", "for"), parts, "count"), Text(), drawn)


def power(row: Row) -> RenderableType:
    """Consumers as bars, then the battery."""
    most = max((share["ma"] for share in row["shares"]), default=1)
    rows = [
        (
            clean(share["what"]),
            _ma(share["ma"]),
            "█" * round(BAR * share["ma"] / most),
            share["how"] + ("" if share["checked"] else " (estimate)"),
        )
        for share in row["shares"]
    ]
    assumed = row["assumed"]
    battery = f"{assumed['capacity_mah']:g} mAh, {assumed['usable']:.0%} of it usable"
    facts = pairs(
        [
            ("on average", f"{_ma(row['mean_ma'])} mA"),
            ("a day", f"{units.number(round(row['mah_per_day'], 1))} mAh"),
            ("battery", f"{battery}: {_days(row['days'])}"),
            *(("mind", clean(note)) for note in row["notes"]),
        ]
    )
    return Group(table(("what", "mA", "", "how"), rows, "mA"), Text(), facts)


def _ma(ma: float) -> str:
    return f"{ma:.3f}" if ma >= SMALL else "< 0.001"


def _days(days: float) -> str:
    return f"{days:.1f} days" if days < BAR else f"{days:.0f} days"


VIEWS: dict[str, Callable[[Any], RenderableType]] = {
    "hardware_list": listing,
    "hardware_show": one,
    "hardware_check": findings,
    "hardware_wiring": wiring,
    "hardware_power": power,
}
