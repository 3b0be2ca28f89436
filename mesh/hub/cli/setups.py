"""What the commands about hardware share: a set-up out of a file of settings."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.core.errors import LocalError

SettingsFile = Annotated[
    Path, typer.Argument(metavar="SETTINGS", help="A board's settings: JSON, or TOML.")
]
BoardName = Annotated[
    str | None,
    typer.Option("--board", "-b", metavar="B", help='A board; else "board" in the settings.'),
]


def load(path: Path) -> Mapping[str, Any]:
    """The decoded file. LocalError with the file, and the line where known."""
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise LocalError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise LocalError(f"{path}: {error}", "docs/settings.md has an example") from error
    if not isinstance(data, dict):
        raise LocalError(f"{path}: settings are a table", "docs/settings.md has an example")
    return data
