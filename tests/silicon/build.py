"""What has to be there before a board can be emulated: an image, and fastsim.pyx compiled."""

import hashlib
import importlib
import shutil
import struct
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MADE = HERE.parents[1] / ".venv" / "silicon" / "built"
SOURCES = ("fastsim.pyx", "thumb.h")
UF2_MAGIC = (0x0A324655, 0x9E5D5157)
RP2040_FAMILY = 0xE48BFF56
OPTIONS = ["-O3", "-fno-strict-aliasing"]


class Lacking(Exception):
    """Something that has to be installed first; its text says how."""


def check_image(path):
    """See that the file is a UF2 image for an RP2040. Lacking."""
    try:
        with open(path, "rb") as file:
            words = struct.unpack("<8I", file.read(32).ljust(32, b"\0"))
    except OSError as error:
        raise Lacking(f"{path}: {error.strerror}") from None
    if words[:2] != UF2_MAGIC or words[7] != RP2040_FAMILY:
        raise Lacking(f"{path}: this is no UF2 image for a Raspberry Pi Pico W (RP2040)")


def fastsim():
    """The compiled module, in .venv/silicon/, built anew if its sources or its tools differ.
    Lacking.
    """
    try:
        import Cython  # noqa: PLC0415 - an extra
        import rp2040py  # noqa: PLC0415
    except ImportError as error:
        raise Lacking(f"no module {error.name}: `make silicon` installs it") from None
    key = [sys.version, Cython.__version__, Path(rp2040py.__file__).parent.as_posix(), OPTIONS]
    key += [(HERE / name).read_bytes() for name in (*SOURCES, Path(__file__).name)]
    digest = hashlib.sha256(repr(key).encode()).hexdigest()
    folder = MADE / digest[:16]
    if not any(folder.glob("fastsim.*.so")):
        compiler = next(filter(shutil.which, ("cc", "gcc", "clang")), None)
        if compiler is None:
            raise Lacking("no C compiler: on Debian, apt-get install gcc libc6-dev")
        shutil.rmtree(MADE, ignore_errors=True)
        _compile(folder, Path(rp2040py.__file__).parents[1])
    sys.path.insert(0, str(folder))
    return importlib.import_module("fastsim")


def _compile(folder, packages):
    """In a process of its own: setuptools changes much of the one that it runs in."""
    folder.mkdir(parents=True)
    for name in SOURCES:
        shutil.copy(HERE / name, folder)
    program = f"""
from Cython.Build import cythonize
from setuptools import Extension, setup

fastsim = Extension("fastsim", ["fastsim.pyx"], extra_compile_args={OPTIONS!r})
made = cythonize([fastsim], include_path=[{str(packages)!r}])
setup(name="fastsim", ext_modules=made, script_args=["build_ext", "--inplace"])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        shutil.rmtree(folder)
        last = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise Lacking(f"the C compiler failed (are Python's headers there, python3-dev?):\n{last}")
