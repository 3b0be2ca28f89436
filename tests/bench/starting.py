"""How long commands take from the shell to their end, beside other tools of boards and meshes."""

import contextlib
import json
import shutil
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


def took(command):
    """Seconds of one run, which has to end well."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return time.perf_counter() - began


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
    yield "mesh --help", (MESH, "--help")
    yield "mesh peers (mesh up runs)", (MESH, "peers", *ours)
    yield "mesh read other (mesh up runs)", (MESH, "read", "other", *ours)
    for name, words in OTHERS:
        program = Path(sys.executable).with_name(name)
        if program.exists() or shutil.which(name):
            yield f"{name} {' '.join(words)}", (str(program if program.exists() else name), *words)
        else:
            row(f"{name} {' '.join(words)}", "-", "not installed")


def measure(times):
    """Each command so many times, taking turns, so that all share what the machine does."""
    title("From the shell to the end of a command (best and median of turns)")
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
    for name, seconds in found.items():
        seconds.sort()
        row(
            name,
            f"{seconds[0] * 1000:,.0f} ms",
            f"median {seconds[len(seconds) // 2] * 1000:,.0f} ms",
        )
