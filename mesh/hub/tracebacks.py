"""Tracebacks of boards, told by the lines of the sources (mesh/hub/link.py joins them)."""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from mesh.hub.lean import SOURCES
from mesh.hub.link import linked
from mesh.hub.link_text import FUNCTIONS, MODULE

TABLE = "lines.json"  # of a firmware; never on a board
DIST = Path("dist")  # where `mesh firmware build` puts it
FRAME = re.compile(r'(\s*File ")([^"]+)(", line )(\d+)(?:(, in )(\S+))?\s*')
UNKNOWN = f" (of a firmware that was not built here: its {TABLE} has the file)"

Frame = tuple[str, int, str, str]  # source, line, function as the board calls it, and by its name
Table = Mapping[str, Sequence[Frame]]  # by joined file: a frame for each line


@cache
def own_table() -> Table:
    """For what is built from the sources of this installation."""
    made = {}
    for path, lines in linked().lines.items():
        names = {source: _functions(source) for source in {line[0] for line in lines}}
        made[path.as_posix()] = [
            (source, line, function, names[source].get(line, MODULE))
            for source, line, function in lines
        ]
    return made


def text(table: Table) -> str:
    """A table as a firmware has it."""
    rows = [f"{json.dumps(name)}:[\n{_rows(table[name])}]" for name in sorted(table)]
    return "{" + ",\n".join(rows) + "}\n"


def _rows(frames: Iterable[Frame]) -> str:
    return ",\n".join(json.dumps(frame, separators=(",", ":")) for frame in frames)


def _functions(source: str) -> dict[int, str]:
    """The innermost function of each line that is in one."""
    found: dict[int, str] = {}
    path = SOURCES.parent / source
    if not path.is_file():  # the first lines of a joined file are of none
        return found

    def look(node: ast.AST) -> None:
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, (*FUNCTIONS, ast.ClassDef)):
                first, last = inner.body[0].lineno, inner.end_lineno or inner.lineno
                found.update(dict.fromkeys(range(first, last + 1), inner.name))
            look(inner)

    look(ast.parse(path.read_text(encoding="utf-8")))
    return found


def _tables() -> Iterator[Table]:
    yield own_table()
    for path in sorted(DIST.glob(f"*/{TABLE}")):
        try:
            yield json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue


def told(line: str) -> str:
    """A line of a console; if it is one of a traceback, by the lines of the sources."""
    match = FRAME.fullmatch(line)
    if match is None or not match[2].startswith("mesh/linked"):
        return line
    for table in _tables():
        frame = _find(table.get(match[2], ()), int(match[4]), match[6] or MODULE)
        if frame is not None:
            source, number, known, function = frame
            name = function if match[6] == known else match[6] or ""
            return f"{match[1]}{source}{match[3]}{number}{match[5] or ''}{name}"
    return line + UNKNOWN


def _find(frames: Sequence[Frame], number: int, function: str) -> Frame | None:
    """The frame of a line, if that is a line of this function; else it is of another build."""
    if not 0 < number <= len(frames):
        return None
    frame = frames[number - 1]
    inner = function[0] == "<" and function != MODULE  # <lambda>, <listcomp>
    return frame if inner or frame[2] == function else None
