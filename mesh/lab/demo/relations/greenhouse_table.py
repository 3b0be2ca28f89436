"""The table of `mesh demo --relations`: who there is, what it does, and what was agreed there."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Group
from rich.text import Text

from mesh.core.policy.consent_rows import ACT, WHEN
from mesh.core.relations.terms import ABOVE, BELOW
from mesh.hub.show.units import quantity
from mesh.lab.demo.view import Row

TITLE = "othermesh: a greenhouse with four objects and ann's desktop, nobody in charge"
COLUMNS = ("peer", "id", "state", "air", "fan", "lamp", "window", "agreed, and runs there")
LINE = "{:<6}{:<10}{:<9}{:>7}  {:<5}{:<6}{:<8}{}"
COLOURS = {"up": "green", "starting": "yellow"}
SIDES = {ABOVE: ">", BELOW: "<"}
AIR, DEVICES = "temperature", ("fan", "lamp", "window")


class Member(Row):
    """A peer in this table. `away`: whether the demo has cut it off."""

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(name, kind)
        self.away = False
        self.devices: dict[str, bool | int | float] = {}
        self.runs: list[tuple[bytes, Sequence[Any]]] = []  # (ref of the agreement, its term)

    def seen(self, state: str, short: str = "") -> None:
        """Note how it is, and its short id."""
        self.state = state
        self.short = short or self.short

    def has(self, ref: bytes) -> bool:
        """Whether an agreement runs there."""
        return ref in [one for one, _ in self.runs]


def drawn(members: Iterable[Member]) -> Group:
    """A line for each."""
    lines = [Text(TITLE, "bold"), Text(LINE.format(*COLUMNS).rstrip(), "bold")]
    for one in members:
        state = "cut off" if one.away else one.state
        line = Text(
            LINE.format(one.name, one.short, state, _air(one), *_devices(one), _runs(one)),
            no_wrap=True,
            overflow="ellipsis",
        )
        line.highlight_words([state], COLOURS.get(state, "red"))
        lines.append(line)
    return Group(*lines)


def _air(one: Member) -> str:
    value, unit, _ = one.readings.get(AIR, ("", "", 0.0))
    return quantity(value, unit) if unit else ""


def _devices(one: Member) -> list[str]:
    return [shown(one.devices[name]) if name in one.devices else "" for name in DEVICES]


def shown(value: object) -> str:
    """A value of an actuator: on and off, or an angle."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}°" if isinstance(value, int | float) else ""


def _runs(one: Member) -> str:
    return ", ".join(_brief(term) for _, term in one.runs)


def _brief(term: Sequence[Any]) -> str:
    """A term in few characters."""
    if term[0] == WHEN:
        return f"{term[5]} {SIDES[term[3]]}{float(term[4]):g}°"
    return f"{term[1]} may be set" if term[0] == ACT else str(term[0])
