"""How built firmware looks."""

from rich.console import RenderableType
from rich.text import Text

from mesh.hub.cli import units
from mesh.hub.cli.layout import Row, clean, short

KIB = 1024


def firmware(row: Row) -> RenderableType:
    """One board's, on one line."""
    line = Text(f"{clean(row['board']):<10}", "bold").append(f"  {clean(row['version']):<16}")
    line.append(f"  {row['files']} files, {units.size(row['bytes'])}")
    line.append(f"; on the board {units.size(row['littlefs'])}{_room(row['fs_kib'])}")
    line.append(f", or {units.size(row['romfs'])} as a ROM image; ")
    return line.append(clean(short(row["folder"])), "dim")


def _room(kib: int) -> str:
    return f" of {units.size(kib * KIB)}" if kib else ""
