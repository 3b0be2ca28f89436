"""Peers of the tests with faults: `mesh up` and MicroPython, each a process of its own host."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import needs

from mesh.boards.virtual.process import HEAP, VirtualBoard, configure
from mesh.core import peer_id as ids
from mesh.hub.home.home import Home
from mesh.hub.operations import control

PATIENCE = 60  # seconds that anything here may take
# so that a silent peer is missed in seconds: the time constants are settings, the code is the same
QUICK = {
    "check_ms": 1500,
    "ack_timeout_ms": 200,
    "query_ms": 4000,
    "rejoin_ms": 1000,
    "head_ms": 500,
}
SENSORS = {"uptime": {"every_s": 0.5}}
MESH = (sys.executable, "-m", "mesh.cli")
EARS = str(Path(__file__).with_name("ears.py"))


def toml(value):
    """A value as TOML writes it: JSON does, but for tables."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


class Told:
    """What a peer told, line by line, and waiting for it. `id` is there once it has started."""

    name = id = ""

    def events(self, name, since=0, **fields):
        """What it told of that name, with those fields: values, or what to ask of them."""
        with self._news:
            lines = self.lines[since:]
        return [event for line in lines if fits(event := read(line), name, fields)]

    def mark(self):
        """How much it has told until now, for `since`."""
        with self._news:
            return len(self.lines)

    def wait(self, name, since=0, timeout_s=PATIENCE, **fields):
        """The first event of that name with those fields, of those after `since`."""
        line = self._until(
            lambda line: fits(read(line), name, fields), since, timeout_s, f"{name} {fields}"
        )
        return read(line)

    def _until(self, wanted, since, timeout_s, what):
        deadline = time.monotonic() + timeout_s
        with self._news:
            while True:
                for line in self.lines[since:]:
                    if wanted(line):
                        return line
                since = len(self.lines)
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    break
                self._news.wait(left)
        told = "\n".join(self.lines[-80:])
        why = "ended" if self._ended else "is silent"
        raise AssertionError(f"{self.name} {why}, waited for {what}; it told:\n{told}")

    def wait_text(self, text, since=0):
        """Wait for a line that is no event, as a person reads it."""
        self._until(lambda line: text in line, since, PATIENCE, repr(text))

    def found(self, other, since=0, **fields):
        """Wait until it has found another peer."""
        return self.wait("found", since, peer=other.id, **fields)

    def lost(self, other, since=0):
        """Wait until it misses another peer."""
        return self.wait("lost", since, peer=other.id)


class Process(Told):
    """A program on a host. What it says is kept line by line."""

    def __init__(self, host, name):
        self.host = host
        self.name = name
        self.lines = []
        self._news = threading.Condition()
        self._ended = True
        self._process = self._reader = None

    @property
    def pid(self):
        """The number of its process."""
        return self._process.pid

    def stop(self):
        """Have it say goodbye; its exit code."""
        self._process.terminate()
        return self._end()

    def kill(self):
        """End it in the midst of whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._end()

    def _run(self, *words):
        self._ended = False
        self._process = process = subprocess.Popen(
            [*self.host.wrap, *words],
            cwd=needs.ROOT,
            env={**os.environ, "PYTHONPATH": str(needs.ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        self._reader = threading.Thread(target=self._hear, args=(process,))
        self._reader.start()

    def _end(self):
        code = self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def _hear(self, process):
        for line in process.stdout:
            self._tell(line.rstrip("\n"))
        process.stdout.close()
        process.wait()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _tell(self, line):
        with self._news:
            self.lines.append(line)
            self._news.notify_all()


class Ears(Process):
    """What a host hears of DNS-SD on one of its links, asked for or not: an event a record."""

    def start(self, address, end="eth0"):
        """Listen, at this address on this interface, and ask every second."""
        self._run(sys.executable, EARS, address, end)
        self.wait("listens")
        return self

    def addresses(self, peer, since=0):
        """The addresses that the link was told for a peer."""
        records = self.events("record", since, of=host_name(peer))
        return {record["address"] for record in records if "address" in record}


class Desktop(Process):
    """`mesh up` on a host, with a home folder."""

    kind = "desktop"

    def __init__(self, host, home, wrap=(), **settings):
        super().__init__(host, home.name)
        self.home = home
        self._wrap = wrap
        home.mkdir(mode=0o700, exist_ok=True)
        told = {"name": home.name, "limits": QUICK, "sensors": SENSORS} | settings
        text = "".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in told.items())
        (home / "settings.toml").write_text(text)

    def start(self):
        """Switch it on, and wait until it is up."""
        started = len(self.lines)
        self._run(*self._wrap, *MESH, "up", "--json", "--home", str(self.home))
        up = self.wait("up", since=started)
        self.id, self.addresses = up["id"], up["addresses"]
        return self

    def until_peer(self, other, fits):
        """Wait until its row of another peer, as in `mesh peers`, is such; the row."""
        return asyncio.run(self._until_peer(other, fits))

    async def _until_peer(self, other, fits):
        row = None
        asked = control.call(Home(self.home).control, "peers.watch", {"every": 0.2})
        try:
            async with asyncio.timeout(PATIENCE), contextlib.aclosing(asked) as tables:
                async for rows in tables:
                    row = next((row for row in rows if row["id"] == other.id), None)
                    if row is not None and fits(row):
                        return row
        except TimeoutError:
            pass
        raise AssertionError(f"{self.name} sees {other.name} as {row}")

    def met(self):
        """The ids of those whom it knows as up, as in `mesh peers`."""
        return asyncio.run(self._met())

    async def _met(self):
        async with contextlib.aclosing(control.call(Home(self.home).control, "peers", {})) as told:
            return {row["id"] async for rows in told for row in rows if row["state"] == "up"}

    def verify(self):
        """Have all that its store holds checked, by the command; what it says at the end."""
        told = [json.loads(line) for line in self.mesh_text("verify").splitlines()]
        assert not [row for row in told if row["event"] == "fault"]
        return {row["id"]: (row["last"], row["link"]) for row in told if row["event"] == "feed"}

    def mesh(self, *words):
        """What a command says about this home, as JSON."""
        return json.loads(self.mesh_text(*words))

    def mesh_text(self, *words):
        """What a command prints with --json; its exit code must be 0."""
        command = [*self.host.wrap, *MESH, *map(str, words), "--json", "--home", str(self.home)]
        done = subprocess.run(
            command,
            cwd=needs.ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout


class Board(Told, VirtualBoard):
    """MicroPython on a host."""

    kind = "board"

    def __init__(self, host, folder, heap=HEAP, **settings):
        told = {"name": folder.name, "console": "json", "limits": QUICK, "sensors": SENSORS}
        configure(folder, told | settings)
        super().__init__(folder, heap=heap, wrap=host.wrap)
        self.host = host
        self.name = folder.name

    def start(self):
        """Switch it on, and wait until it is up."""
        started = self.mark()
        super().start()
        joined = self.wait("joined", started)
        self.id, self.addresses = joined["id"], [joined["address"]]
        return self


def host_name(peer):
    """The host name that a peer announces."""
    return f"om-{peer.id[: ids.INSTANCE]}.local."


def read(line):
    """The event on a line; an empty one if it is none."""
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def fits(event, name, fields):
    """Whether an event has that name and those fields: values, or what to ask of them."""
    return event.get("event") == name and all(
        field in event and (want(event[field]) if callable(want) else event[field] == want)
        for field, want in fields.items()
    )
