"""Find the newest Python of this machine: what is installed is tried there, too."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

NAME = re.compile(r"python3\.(\d+)")
ASK = (
    "import json, sys; v = sys.version_info; "
    "print(json.dumps([v[:2], v[3] == 'final', sys.implementation.name, sys.executable]))"
)
LIMIT_S = 20  # for a Python to say which one it is


class Found(NamedTuple):
    """A released CPython: (3, minor), and the program."""

    version: tuple[int, int]
    program: Path


def newest(folders, above) -> Found | None:
    """The newest one in these folders that is newer than the version `above`; or None."""
    named = [
        (int(match[1]), path)
        for folder in map(Path, dict.fromkeys(folders))
        if folder.is_dir()
        for path in sorted(folder.iterdir())
        if (match := NAME.fullmatch(path.name))
    ]
    wanted = [(minor, path) for minor, path in named if (3, minor) > above]
    ordered = sorted(wanted, key=lambda one: one[0], reverse=True)
    return next(filter(None, (asked(path) for _, path in ordered)), None)


def named(name, folders) -> Path:
    """The program of a name like python3.12, or of a path; SystemExit if none of these answers."""
    places = [Path(name)] if os.sep in name else [Path(folder, name) for folder in folders]
    found = next(filter(None, (asked(path) for path in places if path.exists())), None)
    if found is None:
        raise SystemExit(f"no {name} answers: give its path")
    return found.program


def folders() -> list[Path]:
    """Where Pythons lie: PATH, and pyenv's versions, whose shims answer only for chosen ones."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    path = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    return [*path, *sorted(pyenv.glob("versions/*/bin"))]


def asked(path) -> Found | None:
    """What a program says that it is; None if it is no released CPython, or says nothing."""
    try:
        done = subprocess.run(
            [path, "-c", ASK], capture_output=True, text=True, timeout=LIMIT_S, check=True
        )
        version, final, kind, program = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Found(tuple(version), Path(program)) if final and kind == "cpython" else None
