"""Runs a program of the holder's without a shell, limited in time and output."""

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import IO

from mesh.core.errors import LocalError

MOST = 65_536  # most bytes of its output
LONGEST = 120  # characters of its message in a reason
LOOK_S = 0.05  # interval of checks for its end, as a child process may keep its output open


class Program:
    """run() blocks, so it is called in a thread; end() is for any thread."""

    def __init__(self, words: Sequence[str], timeout_s: float) -> None:
        self._words = list(words)
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._ended = False

    def run(self, given: str = "", words: Sequence[str] | None = None) -> str:
        """Run it. Gives its output if it exits by 0. `given`: a short text for its standard input;
        `words`: other command words. LocalError has the reason if it fails.
        """
        words = list(words or self._words)
        process = self._start(words)
        try:
            with process:
                _give(process, given)
                return self._result(process, words[0])
        finally:
            self._running = None

    def end(self) -> None:
        """Kill it with all its children, and never run it again."""
        with self._lock:
            self._ended = True
            running = self._running
        if running is not None:
            _kill(running)

    def _start(self, words: list[str]) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        with self._lock:
            if self._ended:
                raise LocalError("this peer stops")
            try:
                process = subprocess.Popen(  # noqa: S603 - the holder's own words, and no shell
                    words, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
                )
            except OSError as error:
                raise LocalError(f"{words[0]}: {error.strerror}") from error
            self._running = process
        return process

    def _result(self, process: subprocess.Popen[bytes], name: str) -> str:
        said = {False: bytearray(), True: bytearray()}
        try:
            self._listen(process, name, said)
        except (LocalError, OSError):
            _kill(process)
            raise
        code = process.returncode
        if code:
            why = _text(said[True] or said[False]).strip().rpartition("\n")[2][:LONGEST]
            how = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
            raise LocalError(f"{name} {how}" + (f": {why}" if why else ""))
        return _text(said[False])

    def _listen(
        self, process: subprocess.Popen[bytes], name: str, said: dict[bool, bytearray]
    ) -> None:
        """Read its output until it has ended. `said`: output by stream, True is standard error."""
        until_s = time.monotonic() + self._timeout_s
        with selectors.DefaultSelector() as selector:
            for stream, is_error in ((process.stdout, False), (process.stderr, True)):
                if stream is not None:
                    selector.register(stream, selectors.EVENT_READ, is_error)
            while process.poll() is None:
                if time.monotonic() > until_s:
                    raise LocalError(f"{name} took more than {self._timeout_s:g} s, and was ended")
                if selector.get_map():
                    _take(selector, name, said, LOOK_S)
                else:
                    self._wait(process, until_s)
            while _take(selector, name, said, 0):
                pass

    @staticmethod
    def _wait(process: subprocess.Popen[bytes], until_s: float) -> None:
        """Wait for the end of a program that has closed its output."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, until_s - time.monotonic()))


def _take(
    selector: selectors.BaseSelector, name: str, said: dict[bool, bytearray], wait_s: float
) -> bool:
    """Read what there is, or comes in time. Whether there was something. LocalError."""
    found = selector.select(wait_s) if selector.get_map() else []
    for key, _ in found:
        data = os.read(key.fd, MOST)
        said[key.data] += data
        if not data:
            selector.unregister(key.fileobj)
    if max(map(len, said.values())) > MOST:
        raise LocalError(f"{name} says more than {MOST} bytes, and was ended")
    return bool(found)


def _give(process: subprocess.Popen[bytes], text: str) -> None:
    """Write to its standard input and close that. A short text never blocks in a new pipe."""
    stream: IO[bytes] | None = process.stdin
    if stream is not None:
        with contextlib.suppress(BrokenPipeError):
            stream.write(text.encode())
            stream.flush()
        with contextlib.suppress(BrokenPipeError):
            stream.close()
        process.stdin = None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and its children, which are in their own process group."""
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)


def _text(data: bytes | bytearray) -> str:
    return bytes(data).decode("utf-8", "replace")
