"""Collect every test of a module for several interpreters.

test_x stays what it is. test_x[micropython] asks for the result of the same function on
MicroPython's unix port, test_x[wasm] on its WebAssembly build, whose words have 32 bits as a
board's have. Each is started once per module, and only when first asked.
"""

import json
import subprocess

import needs
import pytest

CORE = needs.ROOT / "tests" / "core"


class Unix:
    """MicroPython's unix port, with words of 64 bits."""

    name = "micropython"
    seconds = 100  # for one module, so that it ends before pytest's own time-out

    def lacks(self):
        """What has to be there for it and is not, or None."""
        if needs.micropython() is None:
            return "no micropython: `make test` installs one, or set $MICROPYTHON"
        return None

    def command(self, path):
        # a mesh of boards lives in one heap there, so it has that of several
        heap = ["-X", "heapsize=6m"]
        script = CORE / "run_micropython.py"
        return [needs.micropython(), *heap, script, needs.ROOT, path.parent, path.stem]


class Wasm:
    """MicroPython's WebAssembly build in node: half as fast, as exceptions go by JavaScript."""

    name = "wasm"
    seconds = 500

    def lacks(self):
        if needs.program("node") is None or not needs.WASM.is_file():
            return "no MicroPython for WebAssembly: `make test` installs it, if there is npm"
        return None

    def command(self, path):
        script = CORE / "run_wasm.mjs"
        return [needs.program("node"), script, needs.WASM, needs.ROOT, path.parent, path.stem]


class SharedModule(pytest.Module):
    """A module whose tests run here and on others of these interpreters: one process for each."""

    def __init__(self, others, **kwargs):
        super().__init__(**kwargs)
        self._others = others
        self._results = {}

    def collect(self):
        items = list(super().collect())
        yield from items
        for other in self._others:
            for item in items:
                name = f"{item.name}[{other.name}]"
                yield OtherItem.from_parent(self, name=name, test=item.name, other=other)

    def error_of(self, other, test):
        """The traceback of this test on another interpreter, or None if it passed."""
        if other.name not in self._results:
            self._results[other.name] = run(other.command(self.path), other.seconds)
        results, output = self._results[other.name]
        return results.get(test, f"no result for {test}:\n{output}")


def run(command, seconds):
    """The errors by test that a program prints, and all that it prints."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, **pipes, text=True, errors="replace") as running:
        try:
            output = running.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            running.kill()
            output = running.communicate()[0] + f"\nstopped after {seconds} s"
    return dict(json.loads(line[1:]) for line in output.splitlines() if line[:1] == "@"), output


class OtherItem(pytest.Item):
    """One test function on another interpreter."""

    def __init__(self, test, other, **kwargs):
        super().__init__(**kwargs)
        self._test = test
        self._other = other
        self.add_marker(other.name)
        # the first of a module waits for all of it
        self.add_marker(pytest.mark.timeout(other.seconds + 20))

    def runtest(self):
        if lacking := self._other.lacks():
            needs.missing(lacking)
        if (error := self.parent.error_of(self._other, self._test)) is not None:
            raise OtherFailure(error)

    def repr_failure(self, excinfo):
        if excinfo.errisinstance(OtherFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, None, self.name


class OtherFailure(Exception):
    """A test failed on another interpreter; the text is its traceback there."""
