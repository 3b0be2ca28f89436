"""Collect every test of a module twice: here, and under MicroPython.

test_x stays what it is; test_x[micropython] asks for the result of the same function on the other
interpreter, which is started once per module and only when first asked.
"""

import json
import subprocess

import needs
import pytest

SECONDS = 100  # for one module under MicroPython, so that it ends before pytest's own time-out
SCRIPT = needs.ROOT / "tests" / "core" / "run_micropython.py"


class TwiceModule(pytest.Module):
    """A module whose tests also run under MicroPython, in one process per module."""

    _results = None
    _output = ""

    def collect(self):
        items = list(super().collect())
        yield from items
        for item in items:
            name = f"{item.name}[micropython]"
            yield MicroPythonItem.from_parent(self, name=name, test=item.name)

    def error_of(self, test):
        """The traceback of this test under MicroPython, or None if it passed."""
        if self._results is None:
            self._output = self._run()
            lines = [line[1:] for line in self._output.splitlines() if line.startswith("@")]
            self._results = dict(json.loads(line) for line in lines)
        return self._results.get(test, f"no result for {test}:\n{self._output}")

    def _run(self):
        # a mesh of boards lives in one heap there, so it has that of several
        options = ["-X", "heapsize=6m"]
        command = [
            needs.micropython(),
            *options,
            SCRIPT,
            needs.ROOT,
            self.path.parent,
            self.path.stem,
        ]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as run:
            try:
                return run.communicate(timeout=SECONDS)[0]
            except subprocess.TimeoutExpired:
                run.kill()
                return run.communicate()[0] + f"\nstopped after {SECONDS} s"


class MicroPythonItem(pytest.Item):
    """One test function on the other interpreter."""

    def __init__(self, test, **kwargs):
        super().__init__(**kwargs)
        self.test = test
        self.add_marker("micropython")

    def runtest(self):
        if needs.micropython() is None:
            needs.missing("no micropython: `make test` installs one, or set $MICROPYTHON")
        if (error := self.parent.error_of(self.test)) is not None:
            raise MicroPythonFailure(error)

    def repr_failure(self, excinfo):
        if excinfo.errisinstance(MicroPythonFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, None, self.name


class MicroPythonFailure(Exception):
    """A test failed under MicroPython; the text is its traceback there."""
