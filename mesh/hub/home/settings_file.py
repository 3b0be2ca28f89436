"""Reads a desktop's settings.toml; errors name the line."""

import re
from collections.abc import Iterable
from pathlib import Path

from mesh.core.errors import LocalError
from mesh.core.policy.section import Section
from mesh.core.policy.section_table import SECTIONS
from mesh.core.policy.settings import Profile
from mesh.hub.home import desktop_sections, successors
from mesh.hub.home.desktop_settings import parse
from mesh.hub.home.text import from_toml, read

_TABLE = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]")
_KEY = re.compile(r"""\s*([A-Za-z0-9_.\s"'*-]+?)\s*=""")
_PLACE = re.compile(r"""([^\s:]+): (?:['"]([^'"]*)['"])?""")


def load(path: Path, sections: Iterable[Section] = SECTIONS) -> Profile:
    """The settings in a file, or defaults without one. LocalError with the file, and the line if
    known. `sections`: the table. Who goes on under another key is meant by the former one too.
    """
    gone = successors.load(path.parent)
    return check(read(path) or "", str(path), sections, gone)


def check(
    text: str,
    name: str,
    sections: Iterable[Section] = SECTIONS,
    gone: successors.Successors = {},  # noqa: B006 - never changed
) -> Profile:
    """The settings in a text. LocalError begins with `name`, and has the line if known. `gone`:
    who goes on for whom.
    """
    found = from_toml(text, name)
    successors.follow(found, desktop_sections.table(sections), gone)
    try:
        return parse(found, sections)
    except LocalError as error:
        line = line_of(text, error.detail)
        where = f"{name}, line {line}" if line else name
        raise LocalError(f"{where}: {error.detail}", error.help) from error


def line_of(text: str, detail: str) -> int | None:
    """The line of the setting that an error of core.policy.settings names, or None."""
    place = _PLACE.match(detail)
    if place is None:
        return None
    # an unknown key is quoted after the path of its table: its line is wanted
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
