"""Flattens packages: on a board mesh/core and mesh/device have no folders inside, as each package
costs heap and names (docs/performance.md has the figures).

Module names are unique in all folders (`tests/rules` checks that), so nothing is ambiguous.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PARTS = ("core", "device")
KEPT = ("sensors", "actuators")  # kinds are found in these folders


@dataclass(frozen=True)
class Flat:
    """Sources by their path on a board, and the original path of each."""

    texts: Mapping[Path, str]
    origins: Mapping[Path, Path]


def flattened(texts: Mapping[Path, str]) -> Flat:
    """The sources without packages inside mesh.core and mesh.device, in imports and in texts."""
    packages = {path.parent.as_posix().replace("/", ".") for path in texts if _goes(path)}
    longest_first = sorted(map(re.escape, packages), key=len, reverse=True)
    inside = re.compile(rf"\b(?:{'|'.join(longest_first) or '(?!)'})\b(?!\.py)")

    def outside(match: re.Match[str]) -> str:
        return ".".join(match[0].split(".")[:2])

    origins = {
        _placed(path): path for path in texts if not (_goes(path) and path.name == "__init__.py")
    }
    return Flat(
        {flat: inside.sub(outside, texts[path]) for flat, path in origins.items()}, origins
    )


def _goes(path: Path) -> bool:
    """Whether a file is in a folder that a board does not have."""
    parts = path.parts
    return len(parts) > 3 and parts[1] in PARTS and parts[2] not in KEPT  # noqa: PLR2004


def _placed(path: Path) -> Path:
    return Path(*path.parts[:2], path.name) if _goes(path) else path
