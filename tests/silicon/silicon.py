"""An emulated Raspberry Pi Pico W, from its prompt to an update, with figures.

    make silicon FIRMWARE=rp2.uf2    # as root

FIRMWARE is MicroPython's image for a Pico W, which you supply. Each step prints a line; the exit
code is 1 if one fails. All runs on a host of its own (a network namespace) and in a folder of its
own, and all of that is gone at the end. docs/silicon.md says what is emulated, and how.
"""

import argparse
import contextlib
import hashlib
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import battery_step
import build
import ipv6_step
import later
import on_air
import on_cable
from lab import ROOT, Lab, StepError, is_possible

from mesh.core.errors import MeshError

STEPS = {**on_cable.STEPS, **on_air.STEPS, **battery_step.STEPS, **ipv6_step.STEPS, **later.STEPS}
FIRST = ("boot", "flash")  # without them nothing else can go well
FAULTS = (StepError, MeshError, AssertionError, OSError, subprocess.SubprocessError)
KEPT = ROOT / ".venv" / "silicon" / "kept"


def parsed(argv):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--firmware", help="MicroPython's image for a Pico W, a UF2 file")
    parser.add_argument("--only", help=f"some of the steps: {','.join(STEPS)}")
    parser.add_argument("--keep", action="store_true", help="keep the board for the next --keep")
    parser.add_argument("--minutes", type=float, default=3, help="of the step heap")
    parser.add_argument("--hours", type=float, help="of the step day, which is left out without")
    options = parser.parse_args(argv)
    if not options.firmware:
        parser.error("FIRMWARE=FILE: MicroPython's image for a Pico W; see docs/silicon.md")
    names = options.only.split(",") if options.only else [name for name in STEPS if name != "day"]
    if options.hours and "day" not in names:
        names.append("day")
    if unknown := set(names) - set(STEPS):
        parser.error(f"no step {', '.join(sorted(unknown))}; there are {', '.join(STEPS)}")
    options.steps = [name for name in STEPS if name in names]
    return options


@contextlib.contextmanager
def folder(options):
    """Where the board lives: kept for the next run with this image, or gone at the end."""
    if not options.keep:
        with tempfile.TemporaryDirectory(prefix="silicon-") as made:
            yield Path(made)
        return
    digest = hashlib.sha256(Path(options.firmware).read_bytes()).hexdigest()
    kept = KEPT / digest[:16]
    kept.mkdir(parents=True, exist_ok=True)
    (kept / "console").unlink(missing_ok=True)
    yield kept


def run(lab, options):
    """Run the steps; whether all went well."""
    well = True
    for name in options.steps:
        begun = time.monotonic()
        try:
            told = STEPS[name](lab, options)
        except FAULTS as error:
            well = False
            print(f"{name:8}FAILED: {error}", flush=True)
            if name in FIRST:
                break
        else:
            print(f"{name:8}{told} ({time.monotonic() - begun:.0f} s)", flush=True)
    return well


def main(argv):
    """Run it as the command line says; the exit code."""
    options = parsed(argv)
    try:
        build.check_image(options.firmware)
        build.fastsim()
    except build.Lacking as error:
        print(f"silicon: {error}", file=sys.stderr)
        return 1
    if not is_possible():
        what = "root and the program ip (on Debian, apt-get install iproute2)"
        print(f"silicon: a host of its own (a network namespace) needs {what}", file=sys.stderr)
        return 1
    # ends as Ctrl-C does: no process, no namespace and no folder stays
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with folder(options) as place, Lab(place, Path(options.firmware).resolve()) as lab:
            lab.switch_on()
            return 0 if run(lab, options) else 1
    except FAULTS as error:
        print(f"silicon: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("silicon: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
