"""Views of what agreements change: an actuator that was set, and all that runs at a peer."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mesh.cli.views.layout import Row, clean, pairs
from mesh.hub.show import local_time, units

SHORT = 8  # characters of a ref


def asked(row: Row) -> RenderableType:
    """What was set, until when, and by which agreement."""
    moment = local_time.local(1000 * row["until"])
    until = f" until {local_time.shown(moment, '%H:%M:%S')}" if moment is not None else ""
    what = f"{row['peer']} agreed: {row['actuator']} is {units.word(_word(row['value']))}{until}"
    how = f"for {units.duration(row['seconds'])}, then as before, unless it is set anew meanwhile"
    return Group(Text(clean(what)), Text(f"{how}; agreement {row['ref'][:SHORT]}", "dim"))


def agreed(rows: Sequence[Row]) -> RenderableType:
    """What runs at a peer by agreements, each with the first characters of its ref."""
    return pairs((f"  {row['ref'][:SHORT]}", clean(row["words"] + _loan(row))) for row in rows)


def _loan(row: Row) -> str:
    """Who has set it by that, and for how long."""
    if "by" not in row:
        return ""
    left = units.duration(row["left_s"])
    return f"; now {units.word(_word(row['value']))}, by {row['by']}, for {left} more"


def _word(value: Any) -> bool | str | None:  # noqa: ANN401 - an actuator's value
    return value if isinstance(value, bool | str) or value is None else str(value)


VIEWS: Mapping[str, Callable[[Any], RenderableType]] = {"asked": asked}
