"""A computer of somebody who installed othermesh: a wheel, a fresh home, boards, a network."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import needs
from needs import ROOT
from terminal import Terminal

PARTS = ("mesh", "hardware", "firmware", "docs")
FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE")
BUILD = "import setuptools.build_meta as b, sys; b.build_wheel(sys.argv[1])"
PATIENCE_S = 60


def run(*words, **options):
    """Run a program which must go well."""
    done = subprocess.run(
        list(map(str, words)), capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def wheel(folder):
    """Build one, out of a copy: a build leaves files beside its sources."""
    source = folder / "source"
    for name in PARTS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, source / name)
    run(sys.executable, "-c", BUILD, folder / "dist", cwd=source)
    (made,) = (folder / "dist").glob("*.whl")
    return made


def install(folder, made, program, site=None):
    """Install a wheel with pip, which compiles it; the Python that has it.

    With `site`, a folder of the packages that it needs: beside these, without a network. Else
    with what pip fetches.
    """
    if site is None:
        run(program, "-m", "venv", folder)
        own = folder / "bin" / "python"
        run(own, "-m", "pip", "install", "-q", f"{made}[boards]")
        return own
    run(program, "-m", "venv", "--without-pip", folder)
    own = folder / "bin" / "python"
    its = run(own, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    Path(its, "others.pth").write_text(f"{site}\n")
    quiet = ("install", "-q", "--no-deps", "--no-index", "--compile")
    run(sys.executable, "-m", "pip", "--python", own, *quiet, made)
    return own


class Place:
    """Runs `mesh` as somebody would who sits there; what runs on ends with it."""

    def __init__(self, python, folder, wrap=()):
        self.python, self.folder = python, folder
        self._wrap = wrap
        self._running = []
        self._home = folder / "home"
        self._home.mkdir(parents=True)
        self.data = self._home / ".local" / "share" / "othermesh"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process, _ in self._running[::-1]:
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def mesh(self, words, **more):
        """Run a command; its exit code, and what was seen."""
        done = subprocess.run(
            self._command(words),
            cwd=self._home,
            env=self._environment(more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE_S * 2,
            check=False,
        )
        return done.returncode, done.stdout.decode()

    def terminal(self, words):
        """Run a command at a terminal of 80x24: see Terminal."""
        environment = self._environment({})
        del environment["COLUMNS"]
        return Terminal(*self._command(words), environment=environment)

    def start(self, words, until):
        """Run a command that goes on and on; its log, once it has said `until`."""
        log = self.folder / f"log-{len(self._running)}"
        with log.open("wb") as file:
            process = subprocess.Popen(
                self._command(words), cwd=self._home, env=self._environment({}),
                stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self._running.append((process, log))
        wait(lambda: until in log.read_text(), lambda: f"{words}: {log.read_text()}")
        return log

    def _command(self, words):
        return [*self._wrap, str(self.python.parent / "mesh"), *shlex.split(words)]

    def _environment(self, more):
        kept = {name: os.environ[name] for name in ("LANG", "TERM") if name in os.environ}
        path = os.pathsep.join(
            [str(self.python.parent), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
        )
        own = {"HOME": str(self._home), "PATH": path, "LC_ALL": "C.UTF-8", "COLUMNS": "100"}
        micropython = needs.micropython()
        found = {"MICROPYTHON": micropython} if micropython else {}
        return kept | own | found | more


def wait(ready, told):
    """Look again and again until it is so."""
    end = time.monotonic() + PATIENCE_S
    while not ready():
        assert time.monotonic() < end, told()
        time.sleep(0.05)
