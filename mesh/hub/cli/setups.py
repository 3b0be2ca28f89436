"""What the commands about hardware share: a set-up out of a file of settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.hub import packaged, text

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
    """The decoded file. LocalError with the file, and the line where known."""
    path = packaged.settings(path)
    name, found = str(path), text.required(path)
    made = text.from_toml if path.suffix == ".toml" else text.from_json
    return text.table(made(found, name), name)
