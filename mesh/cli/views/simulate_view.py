"""Views of simulations: seeds that break a rule, a sum, tables by size."""

from collections.abc import Callable
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mesh.cli.views.layout import Row, clean, pairs, table
from mesh.hub.show import units


def simulate(row: Row) -> RenderableType | None:
    """An event of a simulation."""
    view = EVENTS.get(row["event"])
    return view(row) if view else None


def _scenario(row: Row) -> list[tuple[str, str | Text]]:
    words = row["words"]
    facts: list[tuple[str, str | Text]] = [("seed", str(row["seed"])), ("mesh", clean(words[0]))]
    return facts + [("", clean(line)) for line in words[1:]]


def _one(row: Row) -> RenderableType:
    done = [
        ("held", Text("every rule, at every step", "green")),
        ("agreed", f"{row['agreed_ms'] / 1000:g} s after the last trouble"),
        ("pretend", f"{row['end_ms'] / 1000:g} s, {row['steps']} steps,"
                    f" {row['datagrams']} datagrams"),
        ("entries", f"{row['accepted']} taken and compared with what was signed"),
        ("questions", f"{row['answered']} answered, the slowest in {row['slowest_ms']} ms"),
        ("log", row["digest"]),
    ]  # fmt: skip
    return pairs(_scenario(row) + [(name, value) for name, value in done])


def _broken(row: Row) -> RenderableType:
    head = Text("broken", "bold red").append(f"  {clean(row['rule'])}", "default")
    facts = [
        *_scenario(row),
        ("what", clean(row["detail"])),
        ("when", f"at {row['end_ms']} ms, step {row['steps']}"),
        ("log", row["digest"]),
        ("again", f"mesh simulate --seed {row['seed']}"),
    ]
    last = [Text("last steps", "bold"), *(Text("  " + clean(line)) for line in row["last"][-8:])]
    return Group(head, pairs(facts), *last)


def _sum(row: Row) -> RenderableType:
    kept = row["seeds"] - len(row["broken"])
    style = "green" if not row["broken"] else "bold red"
    return Group(
        Text(f"{kept} of {row['seeds']} seeds keep every rule", style),
        Text(
            f"{units.duration(row['pretend_s'])} of pretend time, {row['steps']:,} steps,"
            f" {row['datagrams']:,} datagrams, {row['accepted']:,} entries,"
            f" {row['answered']:,} questions"
        ),
    )


def report(rows: list[Row]) -> RenderableType:
    """Meshes of several sizes, as a table."""
    return table(
        ("peers", "all know, median", "95%", "worst", "known", "bytes/s each", "datagrams/s each",
         "memory each", "took"),
        [
            (
                f"{row['peers']:,}",
                _ms(row["median_ms"]),
                _ms(row["p95_ms"]),
                _ms(row["worst_ms"]),
                f"{row['known_share']:.2%}",
                f"{row['bytes_per_peer_s']:.0f}",
                f"{row['datagrams_per_peer_s']:.2f}",
                units.size(row["memory_per_peer"]),
                units.duration(row["wall_s"]),
            )
            for row in rows
        ],
        "peers median 95% worst known each took",
    )  # fmt: skip


def _ms(value: int | None) -> str:
    return "-" if value is None else f"{value / 1000:.2f} s"


EVENTS: dict[str, Callable[[Row], RenderableType]] = {
    "one": _one,
    "broken": _broken,
    "sum": _sum,
}
VIEWS: dict[str, Callable[[Any], RenderableType]] = {
    "simulate": simulate,  # type: ignore[dict-item]
    "simulate_report": report,
}
