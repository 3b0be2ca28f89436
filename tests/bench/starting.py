"""How long commands take from the shell to their end, beside other tools of boards and meshes."""

import contextlib
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import row, title

MESH = str(Path(sys.executable).with_name("mesh"))
LOOPBACK = "127.0.0.1"
OTHERS = (
    ("mpremote", ("--help",)),
    ("mpremote", ("devs",)),  # the ports that there are
    ("meshtastic", ("--help",)),
    ("meshtastic", ("--version",)),
)
EVERYTHING = "all commands, only loaded"  # what each took before it loaded but itself
LOADING = (
    "from mesh.cli.lazy import module_of\n"
    "from mesh.cli.command_table import COMMANDS\n"
    "for name in COMMANDS:\n"
    "    module_of(name)\n"
)


def took(command):
    """Seconds of one run, which has to end well: those that passed, and those of the processor."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    passed, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return passed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@contextlib.contextmanager
def up(home, *options):
    """`mesh up` with a home; gives what it says of itself."""
    command = (MESH, "up", "--home", home, "-i", LOOPBACK, "--port", "0", "--json", *options)
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(list(map(str, command)), text=True, **quiet) as process:
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.stdout.read()


def homes(folder):
    """Two homes that look for nobody but each other; the second is told of the first."""
    made = []
    for name in ("other", "study"):
        home = Path(folder) / name
        home.mkdir()
        (home / "settings.toml").write_text("[discovery]\nlayers = []\n")
        made.append(home)
    return made


def commands(home):
    """Each with its name for the table: ours, and those of others that are installed."""
    ours = ("--home", str(home))
    yield "mesh", (MESH,)
    yield "mesh --version", (MESH, "--version")
    yield "mesh --help", (MESH, "--help")
    yield "mesh peers (mesh up runs)", (MESH, "peers", *ours)
    yield "mesh read other (mesh up runs)", (MESH, "read", "other", *ours)
    yield EVERYTHING, (sys.executable, "-c", LOADING)
    for name, words in OTHERS:
        program = Path(sys.executable).with_name(name)
        if program.exists() or shutil.which(name):
            yield f"{name} {' '.join(words)}", (str(program if program.exists() else name), *words)
        else:
            row(f"{name} {' '.join(words)}", "-", "not installed")


def measure(times):
    """Each command so many times, taking turns, so that all share what the machine does."""
    title("From the shell to the end of a command (best of turns, median, least processor time)")
    with tempfile.TemporaryDirectory() as folder:
        first, second = homes(folder)
        with up(first, "--name", "other") as other:
            address = other["addresses"][0]
            settings = second / "settings.toml"
            settings.write_text(f'{settings.read_text()}[[peers]]\naddress = "{address}"\n')
            with up(second):
                told = list(commands(second))
                found = {name: [] for name, _ in told}
                took((MESH, "read", "other", "--home", str(second), "-t", "30"))  # they have met
                for _ in range(times):
                    for name, command in told:
                        found[name].append(took(command))
    least = {name: min(cpu for _, cpu in seconds) for name, seconds in found.items()}
    for name, seconds in found.items():
        passed = [second for second, _ in seconds]
        row(
            name,
            f"{min(passed) * 1000:,.0f} ms",
            f"median {statistics.median(passed) * 1000:,.0f} ms",
            f"processor {least[name] * 1000:,.0f} ms, "
            f"{least[name] / least[EVERYTHING]:.2f} of all loaded",
        )
