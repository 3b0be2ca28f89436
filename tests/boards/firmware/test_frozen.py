"""What a build of MicroPython freezes: all that the firmware imports is found, by its name."""

import ast
from pathlib import Path

import pytest
from mpy_tool import freeze

from mesh.boards.catalogue import hardware
from mesh.boards.firmware.build import build
from mesh.boards.firmware.lean import ports
from mesh.boards.firmware.link import linked

BOARDS = ("pico_w", "pico2_w", "esp32", "esp32_c3", "unix")  # one of each kind of machine code


@pytest.fixture(scope="module", params=BOARDS)
def firmware(request, tmp_path_factory):
    return build(request.param, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def names(firmware, tmp_path_factory):
    """Under which a firmware with all that is frozen finds it."""
    _, files = manifested(firmware.folder)
    (base,) = {base for base, _ in files}
    return freeze(base, [path for _, path in files], tmp_path_factory.mktemp("frozen"))


def manifested(folder):
    """What is included, and the files that are frozen, by tools/manifestfile.py of MicroPython.

    freeze(path) takes every .py and .mpy below a folder, and leaves the rest.
    """
    included, files = [], []

    def freeze(path):
        below = sorted((folder / path).rglob("*"))
        files.extend((folder / path, one) for one in below if one.suffix in (".py", ".mpy"))

    manifest = (folder / "manifest.py").read_text()
    exec(manifest, {"include": included.append, "freeze": freeze})  # noqa: S102 - a manifest is code
    return included, files


def imported(text):
    """The modules of ours that a source imports, wherever in it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            # from mesh.device import sleep: a module, or a name in one
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_every_file_is_frozen_under_its_name(firmware, names):
    wanted = {name for name in firmware.files if name.endswith((".py", ".mpy"))}
    assert wanted
    assert sorted(names) == sorted(Path(name).with_suffix(".py").as_posix() for name in wanted)


def test_what_is_imported_is_among_them(firmware, names):
    modules = {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in names
    }
    assert {"main", "start"} <= modules, "a board starts by them"
    texts = {path: text for path, text in linked().texts.items() if _name(path) in names}
    texts[Path("main.py")] = firmware.path("main.py").read_text()
    port = hardware.board(firmware.board).port
    elsewhere = {  # imported on boards of other ports only
        path.with_suffix("").as_posix().replace("/", ".")
        for path, text in linked().texts.items()
        if port not in ports(text, port)
    }
    for path, text in texts.items():
        for name in imported(text):
            ours = name.split(".")[0] in ("mesh", "start")
            found = {name, name.rpartition(".")[0]} & (modules | elsewhere)
            assert found or not ours, f"{path} imports {name}, which is not frozen"


def _name(path):
    return "start.py" if path.name == "start.py" else path.as_posix()


def test_the_official_board_is_frozen_too(firmware):
    included, _ = manifested(firmware.folder)
    assert len(included) == 1
    assert included[0].startswith(("$(PORT_DIR)/", "$(MPY_DIR)/"))
    texts = [path.read_bytes() for path in firmware.folder.rglob("*") if path.is_file()]
    assert not any(b"@MICRO" in text for text in texts), "a place that the build fills is empty"
