"""A desktop's settings.toml: read, checked, and when something is wrong, pointed at by line."""

import re
from pathlib import Path

from mesh.core.errors import LocalError
from mesh.core.settings import Profile
from mesh.hub.desktop_settings import parse
from mesh.hub.text import from_toml, read

_TABLE = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]")
_KEY = re.compile(r"""\s*([A-Za-z0-9_.\s"'*-]+?)\s*=""")
_PLACE = re.compile(r"""([^\s:]+): (?:['"]([^'"]*)['"])?""")


def load(path: Path) -> Profile:
    """The settings in a file; defaults where there is none. LocalError with the file, and the line
    where known.
    """
    return check(read(path) or "", str(path))


def check(text: str, name: str) -> Profile:
    """The settings in a text. LocalError that begins with `name`, and has the line where it is
    known.
    """
    found = from_toml(text, name)
    try:
        return parse(found)
    except LocalError as error:
        line = line_of(text, error.detail)
        where = f"{name}, line {line}" if line else name
        raise LocalError(f"{where}: {error.detail}", error.help) from error


def line_of(text: str, detail: str) -> int | None:
    """The line of the setting that an error of core.settings is about; None if it is not found."""
    place = _PLACE.match(detail)
    if place is None:
        return None
    # A word that is not known is quoted after the path of its table: then that word is the place.
    wanted = _split(place[1]) if place[1] != "settings" else []
    wanted += [place[2]] if place[2] else []
    best: tuple[int, int | None] = (0, None)
    table: list[str] = []
    repeated: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _TABLE.match(line):
            table = _split(header[2])
            if header[1] == "[[":
                count = repeated[header[2]] = repeated.get(header[2], -1) + 1
                table = [*table, str(count)]
            here = table
        elif key := _KEY.match(line):
            here = table + _split(key[1])
        else:
            continue
        if len(here) > best[0] and wanted[: len(here)] == here:
            best = (len(here), number)
    return best[1]


def _split(path: str) -> list[str]:
    parts = path.replace("[", ".").replace("]", "").split(".")
    return [part.strip().strip("\"'") for part in parts]
