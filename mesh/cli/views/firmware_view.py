"""Views of built firmware."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from mesh.cli.views.layout import Row, clean, short
from mesh.hub.show import units

KIB = 1024


def firmware(row: Row) -> RenderableType:
    """A board's firmware on one line."""
    line = Text(f"{clean(row['board']):<10}", "bold").append(f"  {clean(row['version']):<16}")
    line.append(f"  {row['files']} files, {units.size(row['bytes'])}")
    line.append(f"; on the board {units.size(row['littlefs'])}{_room(row['fs_kib'])}")
    line.append(f", or {units.size(row['romfs'])} as a ROM image; ")
    return line.append(clean(short(row["folder"])), "dim")


def _room(kib: int) -> str:
    return f" of {units.size(kib * KIB)}" if kib else ""


VIEWS: Mapping[str, Callable[[Any], RenderableType]] = {"firmware": firmware}
