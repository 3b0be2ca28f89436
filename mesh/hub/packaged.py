"""Finds folders such as hardware/ and docs/, in a checkout or in an installation."""

from collections.abc import Collection, Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
EXAMPLES = "hardware/examples"


def folder(name: str) -> Path:
    """Where a folder is. An installation uses its own one, whatever else lies beside it."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def files(inside: Path, kinds: Collection[str]) -> Iterator[tuple[str, Path]]:
    """The files below a folder with one of these suffixes, with their paths inside, sorted.

    Other files are not ours: pip compiles what it installs, and editors leave copies.
    """
    found = {path.relative_to(inside).as_posix(): path for path in inside.rglob("*")}
    for name, path in sorted(found.items()):
        if path.suffix in kinds and path.is_file():
            yield name, path


def examples() -> dict[str, Path]:
    """The example settings of boards, by name."""
    return {path.stem: path for path in sorted(folder(EXAMPLES).glob("*.json"))}


def settings(given: Path) -> Path:
    """The file given, or else the example with that name, such as `greenhouse`."""
    return given if given.is_file() else examples().get(str(given), given)


def pages() -> dict[str, Path]:
    """The pages of documentation by name. In an installation the README is one of them."""
    readme = PACKAGE.parent / "README.md"
    docs = folder("docs")
    found = {path.stem: path for path in sorted(docs.glob("*.md"))}
    return found if docs.parent == PACKAGE else {"README": readme} | found
