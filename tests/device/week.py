"""A week of a full board in pretend time: eight observers, 32 known peers, all its sensors.

    .venv/bin/python tests/device/week.py HOURS    # `make week` has a week

The board is a MicroPython process of its own, with a board's heap; the world around it is Python.
Signatures are hashes on both sides (tests/core/world.py), the rest is what runs on a board.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests/core")]

from world import World  # noqa: E402

from mesh.core import coap  # noqa: E402
from mesh.core.asks import request_for  # noqa: E402
from mesh.core.events import Answer  # noqa: E402
from mesh.core.limits import Limits  # noqa: E402
from mesh.hub.boards import build, configure, find_micropython  # noqa: E402

AT = ("10.0.1.1", 5683)
# twice a Pico W's 190 KiB (hardware/boards): objects here have twice the size
HEAP = "380k"
HOUR_MS = 3_600_000
CHECK_MS = 120_000
KINDS = ("load", "memory", "heap", "disk", "uptime", "network")
SETTINGS = {
    "port": AT[1],
    "follow": "*",
    "sensors": {kind: {"every_s": 60} for kind in KINDS},
    "actuators": {"led": {}},
    "discovery": {"layers": [], "interface": AT[0]},
    "limits": {"check_ms": CHECK_MS},
}


class Remote:
    """The board's process as a node of a World."""

    def __init__(self, folder, heap):
        command = [find_micropython(), "-X", f"heapsize={heap}", "board.py"]
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "MICROPYPATH": ".frozen"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.sent = []
        self.told = []
        self.heap = ()
        self._at = 0
        self.id = bytes.fromhex(self._read("id")[1])

    def _read(self, last):
        while line := self._process.stdout.readline():
            word = line.split()
            if word[0] == "s":
                self.sent.append((0, (word[1], int(word[2])), bytes.fromhex(word[3])))
            elif word[0] == "h":
                self.heap = tuple(int(n) for n in word[1:])
            elif word[0] == last:
                return word
            else:
                self.told.append(line.strip())
        raise AssertionError("the board has ended:\n" + "\n".join(self.told[-30:]))

    def _say(self, *words):
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        self._at = int(self._read("w")[1])

    def receive(self, now_ms, channel, source, data):
        self._say("r", now_ms, channel, *source, data.hex())

    def tick(self, now_ms):
        self._say("t", now_ms)

    def wake_at(self):
        return self._at

    def next_send(self):
        return self.sent.pop(0) if self.sent else None

    def next_event(self):
        return None

    def look(self):
        """(bytes used, bytes free, contacts)."""
        self._say("h")
        return self.heap

    def close(self):
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def observe(world, node, board):
    """Have a sensor told from now on; its answers are events."""
    message = request_for(coap.FETCH, ["sensors", "uptime"], observe=True)
    node.ask(world.now, board.id, message, None, b"")


def crowd(world, board):
    """32 peers: eight observe, half of them the feed and half a sensor; some come and go."""
    peers = []
    for number in range(2, 2 + Limits().peers):
        follow = [] if number > 5 else "*"
        node, at = world.add(number, {"follow": follow}, check_ms=CHECK_MS * 3)
        node.start(world.now, False)
        node.candidate(world.now, board.id, AT, "given")
        node.add_sensor("warm", "Cel")
        peers.append((node, at))
    world.run(120_000)
    for node, _ in peers[4:8]:
        observe(world, node, board)
    return peers


def live(hours, folder, heap=HEAP, tell=print):
    """Let a built board live; [(hour, used, free, contacts)], readings heard, what it told."""
    configure(Path(folder), SETTINGS)
    source = Path(__file__).with_name("week_board.py").read_text()
    (Path(folder) / "board.py").write_text(source)
    world = World()
    board = Remote(folder, heap)
    world.nodes[AT] = board
    world.events[AT] = []
    seen = []
    answers = 0
    try:
        peers = crowd(world, board)
        for hour in range(hours + 1):
            used, free, known = board.look()
            seen.append((hour, used, free, known))
            if hour % 24 in (0, 1, 2, 6, 12):
                tell(f"hour {hour}: {used:,} B used, {free:,} B free, {known} contacts")
            for part in range(4):
                for node, _ in peers[part::4]:
                    node.reading(world.now, "warm", hour)
                world.run(HOUR_MS // 4)
            answers += sum(len(world.of(at, Answer)) for _, at in peers[4:8])
            for events in world.events.values():
                del events[:]
        return seen, answers, board.told
    finally:
        board.close()


if __name__ == "__main__":
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        build(Path(place))
        hours = int(sys.argv[1]) if sys.argv[1:] else 168
        found, heard, told = live(hours, place, *sys.argv[2:3])
    print(f"{heard:,} readings observed in {time.monotonic() - begin:.0f} s; told: {told[:5]}")
