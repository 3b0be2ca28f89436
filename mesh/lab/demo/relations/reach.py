"""Puts a board of the demo out of the reach of all others, and back, while it runs on."""

from pathlib import Path

from mesh.hub.home import files

MAIN = Path(__file__).with_name("main_with_antenna.py")
CUT = "cut-off"  # a file in the board's folder


def prepare(folder: Path) -> None:
    """Give a board a main.py that looks at that file."""
    files.write(folder / "main.py", MAIN.read_bytes())


def cut(folder: Path) -> None:
    """From now on nothing reaches the board in a folder, and nothing leaves it."""
    files.write(folder / CUT, b"")


def heal(folder: Path) -> None:
    """Undo cut()."""
    (folder / CUT).unlink()
