"""Translates tracebacks of boards to lines of the sources (link.py joins these)."""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from mesh.boards.firmware.lean import SOURCES
from mesh.boards.firmware.link import PARSING, linked
from mesh.boards.firmware.link_text import FUNCTIONS, MODULE

TABLE = "lines.json"  # table in a firmware's folder; not on the board
DIST = Path("dist")  # where `mesh firmware build` puts it
FRAME = re.compile(r'(\s*File ")([^"]+)(", line )(\d+)(?:(, in )(\S+))?\s*')
UNKNOWN = f" (of a firmware that was not built here: its {TABLE} has the file)"

Frame = tuple[str, int, str, str]  # (source, line, function name on the board, real name)
Table = Mapping[str, Sequence[Frame]]  # joined file -> a frame for each line


def own_table() -> Table:
    """The table for a build of this installation's sources, made once also for many threads."""
    with PARSING:
        return _own_table()


@cache
def _own_table() -> Table:
    made = {}
    for path, lines in linked().lines.items():
        names = {source: _functions(source) for source in {line[0] for line in lines}}
        made[path.as_posix()] = [
            (source, line, function, names[source].get(line, MODULE))
            for source, line, function in lines
        ]
    return made


def text(table: Table) -> str:
    """Encode a table for a firmware's folder."""
    rows = [f"{json.dumps(name)}:[\n{_rows(table[name])}]" for name in sorted(table)]
    return "{" + ",\n".join(rows) + "}\n"


def _rows(frames: Iterable[Frame]) -> str:
    return ",\n".join(json.dumps(frame, separators=(",", ":")) for frame in frames)


def _functions(source: str) -> dict[int, str]:
    """The innermost function of each line."""
    found: dict[int, str] = {}
    path = SOURCES.parent / source
    if not path.is_file():  # the first lines of a joined file have no source
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
    """A console line; if it is of a traceback, with the lines of the sources."""
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
    """The frame of a line, if it is in that function; otherwise it is of another build."""
    if not 0 < number <= len(frames):
        return None
    frame = frames[number - 1]
    inner = function[0] == "<" and function != MODULE  # <lambda>, <listcomp>
    return frame if inner or frame[2] == function else None
