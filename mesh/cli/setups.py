"""Shared by the commands about hardware: reads a set-up from a file of settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.cli.typed import as_typed
from mesh.hub import packaged
from mesh.hub.home import text

SettingsFile = Annotated[
    Path,
    typer.Argument(
        metavar="SETTINGS",
        help="A board's settings: JSON, or TOML; or an example: greenhouse, door, meadow.",
    ),
]
BoardName = Annotated[
    str | None,
    typer.Option("--board", "-b", metavar="B", help='A board; else "board" in the settings.'),
]


def load(path: Path) -> Mapping[str, Any]:
    """Parse a settings file. Failure with the file, and the line if known."""
    with as_typed():
        path = packaged.settings(path)
        name, found = str(path), text.required(path)
        made = text.from_toml if path.suffix == ".toml" else text.from_json
        return text.table(made(found, name), name)
