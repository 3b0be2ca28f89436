"""Folders beside mesh/ in a checkout, and inside it when installed: hardware/, docs/ and more."""

from collections.abc import Collection, Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
EXAMPLES = "hardware/examples"


def folder(name: str) -> Path:
    """Where that folder is: of what is installed its own one, whatever else lies beside it."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def files(inside: Path, kinds: Collection[str]) -> Iterator[tuple[str, Path]]:
    """Each file below a folder with one of these suffixes, and its path in it, sorted.

    Others are not ours: pip compiles what it installs, and editors leave copies.
    """
    found = {path.relative_to(inside).as_posix(): path for path in inside.rglob("*")}
    for name, path in sorted(found.items()):
        if path.suffix in kinds and path.is_file():
            yield name, path


def examples() -> dict[str, Path]:
    """The settings of boards that come as examples, by name."""
    return {path.stem: path for path in sorted(folder(EXAMPLES).glob("*.json"))}


def settings(given: Path) -> Path:
    """The file, or else the example of that name: `greenhouse`."""
    return given if given.is_file() else examples().get(str(given), given)


def pages() -> dict[str, Path]:
    """The documents by name; the README is in docs/ once that is installed."""
    readme = PACKAGE.parent / "README.md"
    docs = folder("docs")
    found = {path.stem: path for path in sorted(docs.glob("*.md"))}
    return found if docs.parent == PACKAGE else {"README": readme} | found
