"""Many boards and a few desktops, each a real process on a host of its own, for minutes or hours.

    .venv/bin/python tests/fleet/fleet.py --boards 100 --minutes 60    # as root; `make fleet`

Boards have the settings that `mesh board virtual` gives them, and its heap. Printed is what each
kind of peer takes, as a table of Markdown: docs/fleet.md has it. The exit code is 1 if a board
started anew, had a fault, or was not heard of at the end.
"""

import argparse
import contextlib
import itertools
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("", "tests", "tests/device", "tests/faults")]

import psutil  # noqa: E402
from hosts import World  # noqa: E402
from ledger import newest  # noqa: E402
from members import Board, Desktop  # noqa: E402
from namespaces import Namespace  # noqa: E402

from mesh.boards.virtual import process as boards  # noqa: E402
from mesh.boards.virtual.virtual_session import first  # noqa: E402

LOOK_S = 5
LAST_LINES = 12  # shown of a board that something is wrong with
PATIENCE_S = 120  # until one more is found, and until each is heard of once more
AT_ONCE = 8  # boards start, then those after them once each of these is found


class Taken(NamedTuple):
    """What one peer has taken since its start."""

    cpu_s: float
    memory: int  # bytes, resident
    sent: int  # datagrams
    received: int


@contextlib.contextmanager
def neighbours(hosts):
    """Room for that many hosts of this machine to know each other's Ethernet addresses. The kernel
    keeps one table of them for all network namespaces (arp(7): gc_thresh2, gc_thresh3, by default
    512 and 1,024 entries); a full one cuts hosts off, so all were lost from 48 boards on.
    """
    table = [Path(f"/proc/sys/net/ipv4/neigh/default/gc_thresh{n}") for n in (2, 3)]
    before = [path.read_text() for path in table]
    try:
        for path, most in zip(table, before, strict=True):
            path.write_text(str(max(int(most), 2 * hosts**2)))
        yield
    finally:
        for path, most in zip(table, before, strict=True):
            path.write_text(most)


class Fleet:
    """A context manager: all run while it lasts. `boards`, `desktops`: its peers.

    `together`: all on one host, as whoever tries virtual boards has them, not on one each.
    """

    def __init__(self, folder, count, desktops=2, heap=boards.HEAP, together=False):
        self._folder = folder
        self._count = count
        self._heap = heap
        self._together = together
        self._names = [f"desk{n}" for n in range(desktops)]
        self.desktops, self.boards = [], []
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as begun:
            self._stack = begun
            self._start()
            self._stack = begun.pop_all()
        return self

    def _start(self):
        hosts = self._hosts()
        made = boards.build(self._folder / "compiled")
        for name in self._names:
            one = Desktop(next(hosts), self._folder / name, limits={}, sensors={})
            self.desktops.append(one)
            self._stack.callback(one.kill)
            one.start()
        for at in range(self._count):
            if at and at % AT_ONCE == 0:
                self.met()
            folder = shutil.copytree(made, self._folder / f"board{at}")
            settings = first(folder.name, self.desktops[0].home)
            self.boards.append(Board(next(hosts), folder, self._heap, limits={}, **settings))
            self._stack.callback(self.boards[-1].kill)
            self.boards[-1].start()

    def __exit__(self, *_):
        self._stack.close()

    def _hosts(self):
        if self._together:
            host = self._stack.enter_context(Namespace())
            yield from itertools.repeat(host)
        self._stack.enter_context(neighbours(self._count + len(self._names)))
        world = self._stack.enter_context(World())
        lan = world.switch()
        for at in itertools.count(257):
            yield world.host(lan, f"10.1.{at >> 8}.{at & 255}/16")

    def met(self):
        """Wait until each desktop has found each board that is on, while ever more are found.

        AssertionError if for PATIENCE_S nobody new is found, or a board started anew.
        """
        missing = self._unmet()
        end = time.monotonic() + PATIENCE_S
        while missing:
            if wrong := self.wrong():
                raise AssertionError(f"{len(self.boards)} boards are on:\n" + "\n".join(wrong))
            if time.monotonic() > end:
                raise AssertionError(
                    f"{len(self.boards)} boards are on, not found: {', '.join(missing)}"
                )
            time.sleep(1)
            before, missing = missing, self._unmet()
            if len(missing) < len(before):
                end = time.monotonic() + PATIENCE_S

    def _unmet(self):
        """Who has not found whom yet, as words. Asked of the desktops: of what many tell at once,
        their lines name a few.
        """
        found = {one.name: one.met() for one in self.desktops}
        return [
            f"{board.name} by {name}"
            for name, peers in found.items()
            for board in self.boards
            if board.id not in peers
        ]

    def live(self, seconds, told=None):
        """Let them live for so long; told(seconds left) is called now and then."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_S))
            if told:
                told(left)

    def silent(self):
        """Names of boards of which nothing new reaches all desktops, after a while."""
        before = {one.name: newest([one], self.boards) for one in self.desktops}
        end = time.monotonic() + PATIENCE_S
        missing = {board.name for board in self.boards}
        while missing and time.monotonic() < end:
            time.sleep(1)
            after = {one.name: newest([one], self.boards) for one in self.desktops}
            missing = {
                board.name
                for board in self.boards
                if any(after[name][board.id] <= before[name][board.id] for name in after)
            }
        return sorted(missing)

    def wrong(self):
        """What went wrong with boards, as lines: starts anew, faults, lack of memory, and the last
        that such a board told.
        """
        lines = []
        for board in self.boards:
            starts = len(board.events("joined"))
            faults = len(board.events("fault"))
            lacks = board.console.count("MemoryError")
            if starts != 1 or faults or lacks or not board.is_running:
                told = board.console.splitlines()[-LAST_LINES:]
                lines += [f"{board.name}: {starts} starts, {faults} faults, {lacks} MemoryErrors"]
                lines += [f"    {line[:200]}" for line in told]
        return lines


def taken(one):
    """What a peer has taken so far."""
    if one.kind == "board" and not one.is_running:
        return Taken(0, 0, 0, 0)
    process = psutil.Process(one.pid)
    cpu = process.cpu_times()
    return Taken(cpu.user + cpu.system, process.memory_info().rss, *_datagrams(one.pid))


def _datagrams(pid):
    """UDP datagrams that left and reached a process's host: OutDatagrams, InDatagrams of
    /proc/net/snmp (RFC 1213 udpGroup).
    """
    rows = [line.split() for line in Path(f"/proc/{pid}/net/snmp").read_text().splitlines()]
    names, values = [row for row in rows if row[0] == "Udp:"]
    found = dict(zip(names, values, strict=True))
    return int(found["OutDatagrams"]), int(found["InDatagrams"])


def rows(fleet, before, after, minutes):
    """Rows of a table: of each kind of peer the mean, and the most that one took, a minute."""
    for kind, peers in (("board", fleet.boards), ("desktop", fleet.desktops)):
        parts = [[b - a for a, b in zip(before[p.id], after[p.id], strict=True)] for p in peers]
        for name, pick in (("mean", lambda values: sum(values) / len(values)), ("most", max)):
            cpu, sent, received = (pick([part[n] for part in parts]) / minutes for n in (0, 2, 3))
            memory = pick([after[peer.id].memory for peer in peers]) / 2**20
            yield (
                f"{kind}, {name}",
                f"{cpu:.2f}",
                f"{memory:.1f}",
                f"{sent:.0f}",
                f"{received:.0f}",
            )


def least_free(fleet):
    """The least bytes of heap that a board told as free."""
    return min((event["free"] for one in fleet.boards for event in one.events("heap")), default=0)


def main(argv):
    """Run it as the command line says; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--boards", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--heap", default=boards.HEAP)
    parser.add_argument("--together", action="store_true", help="all on one host")
    options = parser.parse_args(argv)
    # ends as Ctrl-C does: no process and no namespace stays
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        tempfile.TemporaryDirectory() as folder,
        Fleet(Path(folder), options.boards, 2, options.heap, options.together) as fleet,
    ):
        print(f"{options.boards} boards are on, {len(fleet.desktops)} desktops", flush=True)
        fleet.met()
        print("each desktop has found each board", flush=True)
        everybody = fleet.boards + fleet.desktops
        before = {one.id: taken(one) for one in everybody}
        fleet.live(options.minutes * 60)
        after = {one.id: taken(one) for one in everybody}
        silent, wrong = fleet.silent(), fleet.wrong()
        print("\n| peer | CPU s a minute | memory MiB | datagrams out a minute | in |")
        print("|---|---|---|---|---|")
        for row in rows(fleet, before, after, options.minutes):
            print("| " + " | ".join(row) + " |")
        print(f"\nleast free heap of a board: {least_free(fleet):,} bytes")
        for line in wrong:
            print("wrong:", line)
        if silent:
            print("wrong: nothing new of", ", ".join(silent))
    return 1 if wrong or silent else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
