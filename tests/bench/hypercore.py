"""npm's hypercore beside us: a newcomer replicates a signed log over TCP, into its own storage."""

import contextlib
import json
import os
import subprocess
import tempfile
from collections import namedtuple
from pathlib import Path

HERE = Path(__file__).resolve().parent
NODE = HERE.parent.parent / ".venv" / "node-bench"
SECONDS = 300

# took_s: until all is there; cpu_s: of the newcomer's process; count: entries that it holds
Caught = namedtuple("Caught", ("took_s", "cpu_s", "count"))


def missing():
    """Why it cannot be measured here, or nothing."""
    return "" if (NODE / "node_modules" / "hypercore").exists() else "hypercore is not installed"


@contextlib.contextmanager
def source(count, size, prefix=()):
    """A process that holds a log; gives its port and key."""
    with tempfile.TemporaryDirectory() as folder:
        process = _node(prefix, "source", folder, count, size)
        try:
            told = json.loads(process.stdout.readline())
            yield told["port"], told["key"]
        finally:
            process.stdin.close()
            process.wait(20)
            process.stdout.close()


def catch_up(port, key, count, prefix=(), host="127.0.0.1"):
    """What it takes a newcomer with nothing to hold all blocks of a log."""
    with tempfile.TemporaryDirectory() as folder:
        process = _node(prefix, "newcomer", folder, port, key, count, host)
        try:
            told = json.loads(process.communicate(timeout=SECONDS)[0])
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
    if told["have"] != count:
        raise SystemExit(f"hypercore has {told['have']} of {count} blocks")
    return Caught(told["took"], told["cpu"], count)


def _node(prefix, *arguments):
    return subprocess.Popen(
        [*prefix, "node", str(HERE / "hypercore.cjs"), *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "BENCH_NODE": str(NODE)},
    )  # fmt: skip
