"""Reads text files that people write. Errors have file, line and column."""

import json
import math
import tomllib
from pathlib import Path
from typing import Any, NoReturn

from mesh.core.codec import texts
from mesh.core.errors import LocalError

MOST = 1 << 20  # most bytes of a settings file
EXAMPLE = "docs/settings.md has an example"


def read(path: Path, most: int = MOST) -> str | None:
    """Read a UTF-8 text file, with or without a byte order mark. None if there is none.
    LocalError.
    """
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except FileNotFoundError:
        return None
    except IsADirectoryError as error:
        help = "move it away, or name a file; nothing was changed"
        raise LocalError(f"{path} is a folder, not a file", help) from error
    except OSError as error:
        raise LocalError(f"cannot read {path}: {error.strerror}", "nothing was changed") from error
    if len(data) > most:
        raise LocalError(f"{path} has more than {most} bytes", "is it the right file?")
    return decode(data, str(path))


def required(path: Path, most: int = MOST) -> str:
    """As read(), but LocalError if there is no such file."""
    text = read(path, most)
    if text is None:
        raise LocalError(f"there is no file {path}")
    return text


def decode(data: bytes, name: str) -> str:
    """Decode the content of a file called `name`. LocalError."""
    try:
        return texts.decode(data)
    except LocalError as error:
        raise LocalError(f"{name}: {error.detail}", error.help) from error


def from_toml(text: str, name: str) -> dict[str, Any]:
    """Parse a TOML file called `name`. LocalError."""
    help = 'this is not TOML; a setting looks like: name = "hall"'
    try:
        found = tomllib.loads(text)
    except RecursionError:
        _deep(name)
    except ValueError as error:  # also for a number with thousands of digits
        raise LocalError(f"{name}: {error}", help) from error
    return found


def from_json(text: str, name: str, help: str = EXAMPLE) -> object:
    """Parse a JSON file called `name`. LocalError; also for what JSON readers disagree about:
    repeated names, NaN and infinite numbers.
    """
    if not text.strip():
        raise LocalError(f"{name} is empty", "the least is {}; " + help)
    try:
        return json.loads(
            text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite
        )
    except RecursionError:
        _deep(name)
    except ValueError as error:
        raise LocalError(f"{name}: {error}", help) from error


def table(value: object, name: str, help: str = EXAMPLE) -> dict[str, Any]:
    """Check that a decoded file is a table with only what peers can hold. LocalError."""
    if not isinstance(value, dict):
        raise LocalError(f"{name} has no table in {{}}", help)
    try:
        texts.sound(value)
    except LocalError as error:
        raise LocalError(f"{name}: {error.detail}", error.help or help) from error
    return value


def json_table(text: str, name: str, help: str = EXAMPLE) -> dict[str, Any]:
    """Parse a JSON file called `name` that is a table. LocalError."""
    return table(from_json(text, name, help), name, help)


def _deep(name: str) -> NoReturn:
    help = f"at most {texts.DEEP} are useful"
    raise LocalError(f"{name}: too many tables or lists inside each other", help) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} comes twice in a table")
    return made


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits} is too large for a number")
    return value
