"""The view of an actuator that was set by agreement."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mesh.cli.views.layout import Row, clean
from mesh.hub.show import local_time, units

SHORT = 8  # characters of a ref


def asked(row: Row) -> RenderableType:
    """What was set, until when, and by which agreement."""
    moment = local_time.local(1000 * row["until"])
    until = f" until {local_time.shown(moment, '%H:%M:%S')}" if moment is not None else ""
    what = f"{row['peer']} agreed: {row['actuator']} is {units.word(row['value'])}{until}"
    how = f"for {units.duration(row['seconds'])}, then as before, unless it is set anew meanwhile"
    return Group(Text(clean(what)), Text(f"{how}; agreement {row['ref'][:SHORT]}", "dim"))


VIEWS: Mapping[str, Callable[[Any], RenderableType]] = {"asked": asked}
