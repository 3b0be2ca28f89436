"""`make fuzz`: each target of targets.py with millions of inputs.

Usage: by_coverage.py [--runs N] [--jobs N] [NAME...]. First a fuzzer looks for inputs that reach
new code (atheris), which are kept in .hypothesis/fuzz/NAME, so that a later call goes on from
there; then these are changed at random, several times faster, until there were N inputs. One that
makes a target fail is left in that folder as crash-*, and the exit code is 1. A table of Markdown
is printed at the end.
"""

import argparse
import concurrent.futures
import contextlib
import datetime
import os
import random
import re
import subprocess
import sys
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / ".hypothesis" / "fuzz"
PATHS = [ROOT, *(ROOT / "tests" / name for name in ("", "core", "fuzz"))]
RUNS = 10_000_000
BY_COVERAGE = 20  # one input of so many is looked for by coverage
MEMORY_MIB = 1500
MOST = 1400  # bytes of an input, as in changing.py

sys.path[:0] = map(str, PATHS)


def look(name, folder, runs):
    """Be the fuzzer of one target, which tells on standard error; does not return."""
    import atheris  # noqa: PLC0415 - only who fuzzes needs it

    with atheris.instrument_imports(include=["mesh"]):
        from targets import TARGETS  # noqa: PLC0415 - it instruments what is imported under it
    target, seeds = TARGETS[name]
    for n, seed in enumerate(seeds):
        (folder / f"seed-{n}").write_bytes(seed)
    options = [f"-runs={runs}", f"-max_len={MOST}", f"-rss_limit_mb={MEMORY_MIB}", "-timeout=20"]
    options += ["-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], *options, str(folder)], target)
    atheris.Fuzz()


def change(name, folder, runs):
    """Give a target what is in its folder, changed at random."""
    from changing import changed  # noqa: PLC0415 - only this child needs it
    from targets import TARGETS  # noqa: PLC0415

    target, _ = TARGETS[name]
    kept = [file.read_bytes() for file in sorted(folder.iterdir()) if "crash" not in file.name]
    dice = random.Random(os.urandom(16))
    for _ in range(runs):
        data = changed(dice, dice.choice(kept))
        try:
            target(data)
        except Exception:  # noqa: BLE001 - whatever it is, it is what was looked for
            (folder / f"crash-{dice.randbytes(6).hex()}").write_bytes(data)
            traceback.print_exc()
            sys.exit(1)
    print(f"changed: {runs}")


def one(name, runs):
    """Fuzz a target in processes of its own: (name, inputs, of them kept, whether it failed)."""
    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    looked, failed = _child("look", name, runs // BY_COVERAGE, r"executed_units:\s*(\d+)")
    more = 0
    if not failed:
        more, failed = _child("change", name, runs - looked, r"changed: (\d+)")
    kept = sum(1 for file in folder.iterdir() if not file.name.startswith("crash"))
    print(f"{name}: {looked + more:,} inputs, {'FAILED' if failed else 'well'}", flush=True)
    return name, looked + more, kept, failed


def _child(how, name, runs, counted):
    command = [sys.executable, __file__, "--be", how, name, "--runs", str(runs)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    told = done.stdout + done.stderr
    found = re.search(counted, told)
    if done.returncode or not found:
        print(f"{name}:\n{told[-3000:]}", flush=True)
    return int(found[1]) if found else 0, bool(done.returncode) or not found


def main():
    """Fuzz all, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--be", choices=["look", "change"], help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.be:
        with contextlib.suppress(KeyboardInterrupt):
            {"look": look, "change": change}[chosen.be](
                chosen.names[0], CORPUS / chosen.names[0], chosen.runs
            )
        return
    from targets import TARGETS  # noqa: PLC0415 - a fuzzer imports it in its own way

    with concurrent.futures.ThreadPoolExecutor(chosen.jobs) as pool:
        rows = list(pool.map(lambda name: one(name, chosen.runs), chosen.names or list(TARGETS)))
    today = datetime.datetime.now(datetime.UTC).date()
    print(f"\n| parser | inputs ({today}) | kept, as they reach new code | failed |")
    print("|---|---|---|---|")
    for name, count, kept, failed in rows:
        print(f"| {name} | {count:,} | {kept:,} | {'yes' if failed else 'no'} |")
    sys.exit(any(row[3] for row in rows))


if __name__ == "__main__":
    main()
