"""Builds the firmware of a board: compiled files, a ROM image, and a manifest.

A board is described in hardware/boards, so a new one needs no change here. Builds are
reproducible.
"""

import hashlib
import importlib.metadata
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from mesh.boards.catalogue import hardware
from mesh.boards.catalogue.hardware import BoardData
from mesh.boards.firmware import romfs, tracebacks
from mesh.boards.firmware.firmware_sizes import Sizes
from mesh.boards.firmware.lean import ports
from mesh.boards.firmware.link import linked
from mesh.boards.virtual.process import BOOT, compile_file, compile_files
from mesh.core.errors import LocalError
from mesh.hub import packaged
from mesh.hub.home.files import named

FILES = "files"  # the folder with the files for a board's file system
ABOUT = "firmware.json"
SUMS = "SHA256SUMS"
IMAGE = "romfs.img"
VERSION = Path("mesh/version.py")  # generated here; not in the sources
TEMPLATES = (".py", ".cmake", ".h")  # as in setup.py
PLACEHOLDER = "@MICROPYTHON@"  # placeholder in templates for the board's official name
REBUILD = "`mesh firmware build` makes it anew"

Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Firmware:
    """The firmware built for one board. `files`: (size, SHA-256 in hex) by path on the board,
    without firmware.json, which lists them and is written last.
    """

    board: str
    version: str
    folder: Path
    files: Mapping[str, tuple[int, str]]

    @property
    def romfs(self) -> Path:
        """The ROM image, with all files of the board in it."""
        return self.folder / IMAGE

    def path(self, name: str) -> Path:
        """Where the file is that has this path on the board."""
        return self.folder / FILES / name

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load what was built into a folder, and check all hashes. LocalError."""
        found = _read_about(folder)
        made = cls(found["board"], found["version"], folder, found["files"])
        for name, (size, digest) in made.files.items():
            if not made.path(name).is_file():
                raise LocalError(f"{folder}: {FILES}/{name} is missing", REBUILD)
            if _stamp(made.path(name)) != (size, digest):
                raise LocalError(f"{folder}: {FILES}/{name} is damaged", REBUILD)
        _check_sums(folder)
        return made


def build(board: str, out: Path, told: Told = lambda done, whole: None) -> Firmware:
    """Build out/<board>/, replacing a former build. LocalError.

    The former build stays whole until the new one is complete. told(done, whole) is called after
    each compiled file.
    """
    data = hardware.board(board)
    target = out / board
    if target.exists() and not (target / ABOUT).is_file():
        raise LocalError(f"{target} is there, and is no firmware", "choose another --out")
    out.mkdir(parents=True, exist_ok=True)
    with named(target), tempfile.TemporaryDirectory(dir=out, prefix=f".{board}-") as draft:
        made = Path(draft) / board
        _fill(made, data, told)
        if target.exists():
            target.rename(Path(draft) / "before")
        made.rename(target)
    return Firmware.load(target)


def sizes(made: Firmware) -> Sizes:
    """How much of the board's flash it takes."""
    memory = hardware.board(made.board).memory
    by_path = {name: size for name, (size, _) in made.files.items()}
    by_path[ABOUT] = (made.folder / ABOUT).stat().st_size
    return Sizes(by_path, made.romfs.stat().st_size, memory.fs_kib, memory.flash_kib)


def describe(made: Firmware) -> dict[str, Any]:
    """A description for commands, as plain data; sizes in bytes, except fs_kib."""
    took = sizes(made)
    return {
        "board": made.board,
        "version": made.version,
        "folder": str(made.folder),
        "files": len(took.files),
        "bytes": took.total,
        "littlefs": took.blocks,
        "romfs": took.romfs,
        "fs_kib": took.fs_kib,
    }


def _fill(folder: Path, data: BoardData, told: Told) -> None:
    files = folder / FILES
    texts = {
        source: text
        for source, text in linked().texts.items()
        if data.port in ports(text, data.port)
    }
    compile_files(files, texts, data.march, told)
    _write(files / "main.py", BOOT)
    version = f"{importlib.metadata.version('othermesh')}+{_digest(_stamps(files))}"
    compile_file(VERSION, _version_text(version, texts), files / VERSION.with_suffix(".mpy"), None)
    stamps = _stamps(files)
    about = {"board": data.id, "version": version, "files": stamps}
    text = json.dumps(about, sort_keys=True, separators=(",", ":"))
    _write(files / ABOUT, text + "\n")
    _write(folder / ABOUT, text + "\n")
    _write(folder / tracebacks.TABLE, tracebacks.text(tracebacks.own_table()))
    (folder / IMAGE).write_bytes(romfs.image(files))
    _write(folder / "package.json", _package([*stamps, ABOUT], version))
    _configure(folder, data)
    made = Firmware(data.id, version, folder, stamps)
    table = sizes(made)
    table.check_room(data.name)
    _write(folder / "sizes.txt", f"{data.name}: othermesh {version}\n\n{table.text()}")
    _write(folder / SUMS, "".join(f"{_stamp(p)[1]}  {n}\n" for n, p in _walk(folder)))


def _version_text(version: str, sources: Mapping[Path, str]) -> str:
    """The version of the firmware for the board, and the kinds, as frozen folders cannot be
    listed.
    """
    kinds = {
        package: tuple(
            source.stem
            for source in sorted(sources)
            if source.parent == Path("mesh/device", package) and source.name[0] != "_"
        )
        for package in ("sensors", "actuators")
    }
    return f"VERSION = {version!r}\nKINDS = {kinds!r}\n"


def _package(names: list[str], version: str) -> str:
    """The package.json for mip: https://docs.micropython.org/en/latest/reference/packages.html."""
    urls = [[name, f"{FILES}/{name}"] for name in names]
    return json.dumps({"urls": urls, "deps": [], "version": version}, indent=1) + "\n"


def _configure(folder: Path, data: BoardData) -> None:
    """The manifest and configuration for building MicroPython with it, from firmware/<port>/."""
    templates = packaged.folder("firmware") / data.port
    for name, path in packaged.files(templates, TEMPLATES):
        text = path.read_text(encoding="utf-8").replace(PLACEHOLDER, data.micropython)
        place = folder if name == "manifest.py" else folder / data.micropython
        _write(place / name, text)


def _read_about(folder: Path) -> dict[str, Any]:
    path = folder / ABOUT
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        files = {name: (int(size), str(digest)) for name, (size, digest) in found["files"].items()}
        return {"board": str(found["board"]), "version": str(found["version"]), "files": files}
    except OSError as error:
        raise LocalError(f"{folder} is no firmware: {ABOUT} cannot be read", REBUILD) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise LocalError(f"{path} is damaged", REBUILD) from error


def _check_sums(folder: Path) -> None:
    """Check that the files of the folder are exactly those of SHA256SUMS."""
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise LocalError(f"{folder}: {SUMS} cannot be read", REBUILD) from error
    told = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    there = {name: _stamp(path)[1] for name, path in _walk(folder) if name != SUMS}
    for name in sorted(told.keys() | there.keys()):
        if told.get(name) != there.get(name):
            how = "damaged" if name in told and name in there else "missing"
            how = how if name in told else "not of this firmware"
            raise LocalError(f"{folder}: {name} is {how}", REBUILD)


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """Each file below a folder with its path in it, sorted."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return ((name, path) for name, path in sorted(found.items()) if path.is_file())


def _stamp(path: Path) -> tuple[int, str]:
    data = path.read_bytes()
    return len(data), hashlib.sha256(data).hexdigest()


def _stamps(files: Path) -> dict[str, tuple[int, str]]:
    return {name: _stamp(path) for name, path in _walk(files)}


def _digest(stamps: Mapping[str, tuple[int, str]]) -> str:
    """Eight digits that distinguish builds of the same release."""
    lines = "".join(f"{digest}  {name}\n" for name, (_, digest) in sorted(stamps.items()))
    return hashlib.sha256(lines.encode()).hexdigest()[:8]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
