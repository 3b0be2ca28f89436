"""MicroPython's own mpy-tool: files of a board frozen as a build of MicroPython does, or read."""

import os
import re
import subprocess
import sys

import needs

from mesh.boards.virtual.process import compile_file


def freeze(folder, files, draft):
    """The names under which a firmware finds what is frozen of these files of a folder.

    As tools/makemanifest.py of MicroPython does it: a .mpy as it is, a .py compiled by its path.
    """
    compiled = []
    for path in files:
        if path.suffix == ".py":
            target = draft / path.relative_to(folder).with_suffix(".mpy")
            compile_file(path.relative_to(folder), path.read_text(), target, None)
            compiled.append(target)
        else:
            compiled.append(path)
    source = _run("--freeze", *compiled)
    names = re.search(r"mp_frozen_names\[\] = \{(.*?)\};", source, re.DOTALL).group(1)
    return re.findall(r'^    "(.+)\\0"$', names, re.MULTILINE)


def machine_code(path):
    """Each function in machine code that a .mpy holds, as bytes."""
    return [code for code, is_native in functions(path) if is_native]


def functions(path):
    """(code, whether it is machine code) of each function that a .mpy holds."""
    mpy_tool, module = _read(path)
    found, left = [], [module.raw_code]
    while left:
        one = left.pop()
        left += one.children
        found.append((bytes(one.fun_data), isinstance(one, mpy_tool.RawCodeNative)))
    return found


def texts(path):
    """The names and the texts that a .mpy holds, as bytes."""
    mpy_tool, module = _read(path)
    kinds = mpy_tool.MPYSegment.QSTR, mpy_tool.MPYSegment.OBJ
    rows = [row.name for row in module.mpy_segments if row.kind in kinds]
    return [row.encode() for row in rows if isinstance(row, str)]


def _read(path):
    present()
    sys.path.insert(0, str(needs.MPY_TOOL))
    try:
        from mpy_file_info import mpy_tool  # noqa: PLC0415 - not of this Python's packages
    finally:
        sys.path.remove(str(needs.MPY_TOOL))
    mpy_tool.global_qstrs = mpy_tool.GlobalQStrList()
    mpy_tool.config.native_arch = mpy_tool.MP_NATIVE_ARCH_NONE
    return mpy_tool, mpy_tool.read_mpy(str(path))


def disassembled(path):
    """What mpy-tool prints of a .mpy: its header, and each function's byte code."""
    return _run("--disassemble", path)


def present():
    if not needs.MPY_TOOL.is_dir():
        needs.missing("no mpy-tool: `make test` installs it")


def _run(*arguments):
    present()
    run = subprocess.run(
        [sys.executable, "-m", "mpy_file_info", *arguments], check=False,
        env=os.environ | {"PYTHONPATH": str(needs.MPY_TOOL)}, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout
