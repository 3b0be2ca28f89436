"""A board's process as a node of a pretend world, for tests/device/week.py: it runs from a ROM
image with a heap of its own, and is asked by lines (week_board.py).
"""

import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests/core")]

import world as worlds  # noqa: E402

from mesh.boards.firmware import romfs  # noqa: E402
from mesh.boards.virtual.process import NATIVE, build, compile_file, find_micropython  # noqa: E402
from mesh.core.coap import message as coap  # noqa: E402
from mesh.core.security import cose  # noqa: E402

HERE = Path(__file__).parent
BARE = "import gc; gc.collect(); print(gc.mem_alloc())"
MOUNT = """\
import os, sys, vfs
image = bytearray(os.stat("romfs.img")[6])
with open("romfs.img", "rb") as file:
    file.readinto(image)
vfs.mount(vfs.VfsRom(memoryview(image)), "/rom")
sys.path[:] = ["/rom", ".frozen"]
import week_board
"""


class World(worlds.World):
    """A World that looks only at nodes to which something happened: there are 33, for a week."""

    def __init__(self):
        super().__init__()
        self._due = {}

    def drain(self):
        """Ask all of them."""
        self._settle(sorted(self.nodes))

    def _settle(self, addresses):
        for address in addresses:
            node = self.nodes[address]
            while (sending := node.next_send()) is not None:
                self._fly(address, *sending)
            while (event := node.next_event()) is not None:
                self.events[address].append(event)
            self._due[address] = node.wake_at()

    def step(self):
        """Jump to what happens next; False if nothing ever will."""
        due = {a: at for a, at in self._due.items() if at is not None and a in self.nodes}
        times = [f[0] for f in self.flying] + list(due.values())
        if not times:
            return False
        self.now = max(self.now, min(times))
        arrived = [f for f in self.flying if f[0] <= self.now]
        self.flying = [f for f in self.flying if f[0] > self.now]
        woken = {address for address, at in due.items() if at <= self.now}
        for _, _, channel, source, target, data in arrived:
            if target in self.nodes:
                self.nodes[target].receive(self.now, channel, source, data)
                woken.add(target)
        for address in sorted(woken):
            self.nodes[address].tick(self.now)
        self._settle(sorted(woken))
        return True


class Numbers:
    """The counters that a board signed with: each is used for one message, and they grow."""

    def __init__(self):
        self.board = None
        self.newest = -1
        self._recent = {}  # counter: what was signed with it
        self.count = 0

    def note(self, data):
        """Look at a datagram from it."""
        message = coap.parse(data)
        if message.uint(coap.CONTENT_FORMAT) != 18 or message.get(coap.BLOCK2) is not None:
            return
        parts = cose.split(message.payload)
        _, kid, counter = cose.header(worlds.make_kit(0), parts[0])
        if counter is None:
            return
        assert kid == self.board
        if self._recent.get(counter) == message.payload:  # sent once more
            return
        assert counter > self.newest, f"counter {counter} after {self.newest}"
        self.newest = counter
        self._recent[counter] = message.payload
        self._recent.pop(counter - 1000, None)
        self.count += 1


class Remote:
    """The board's process as a node of a World, from `now` on. Ends when its power goes."""

    def __init__(self, folder, heap_kib, now, numbers):
        self._process = start(folder, heap_kib)
        self._start = now
        self._numbers = numbers
        self._asked = 0  # lines that it still has to answer
        self._at = 0
        self.sent = []
        self.told = []
        self.heap = ()
        self.is_on = True
        _, name, seq = self._read("id")
        self.id = bytes.fromhex(name)
        self.next_seq = int(seq)

    def _read(self, last):
        while line := self._process.stdout.readline():
            word = line.decode().split()
            if word[0] == "s":
                data = self._process.stdout.read(int(word[3]))
                self._numbers.note(data)
                self.sent.append((0, (word[1], int(word[2])), data))
            elif word[0] == "h":
                self.heap = tuple(int(n) for n in word[1:])
            elif word[0] == "off":
                self.kill()
                return None
            elif word[0] == last:
                return word
            elif word[0] != "Warning:":  # of the unix port alone
                self.told.append(line.decode().strip())
        raise AssertionError("the board has ended:\n" + "\n".join(self.told[-30:]))

    def say(self, *words, data=b""):
        """Have a line done, and what it led to come back; see week_board.py."""
        if self.is_on:
            self._process.stdin.write(" ".join(map(str, words)).encode() + b"\n" + data)
            self._asked += 1

    def _answers(self):
        if self._asked and self.is_on:
            self._process.stdin.flush()
        while self._asked and self.is_on:
            self._asked -= 1
            word = self._read("w")
            self._at = word and self._start + int(word[1])

    def receive(self, now_ms, channel, source, data):
        self.say("r", now_ms - self._start, channel, *source, len(data), data=data)

    def tick(self, now_ms):
        self.say("t", now_ms - self._start)

    def wake_at(self):
        self._answers()
        return self._at if self.is_on else None

    def next_send(self):
        self._answers()
        return self.sent.pop(0) if self.sent else None

    def next_event(self):
        return None

    def look(self):
        """(bytes used, bytes free, bytes in one piece, contacts, lacks of memory so far)."""
        self.say("h")
        self._answers()
        return self.heap

    def kill(self):
        """Its power goes."""
        self.is_on = False
        self._process.kill()
        self._process.wait(10)
        self._process.stdin.close()
        self._process.stdout.close()


def start(folder, heap_kib, code=MOUNT + "week_board.main(False)"):
    """The interpreter in a board's folder, which holds an image and what it writes itself."""
    return subprocess.Popen(
        [find_micropython(), "-X", f"heapsize={heap_kib}k", "-c", code],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def weigh(folder):
    """Bytes of heap that are no board's: the image, which lies in flash there, and stand-ins for
    chips, pins and network.
    """
    sizes = []
    for code in (BARE, MOUNT + "week_board.main(True)"):
        with start(folder, 1024, code) as process:
            sizes.append(int(process.stdout.readline()))
    return sizes[1] - sizes[0]


def lay_out(folder, made=None, march=None):
    """Make a board's folder: a ROM image with its files, `made` or built now for a processor, and
    what only this test needs. Gives the folder.
    """
    march = march or NATIVE.get(platform.machine())
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        if made:
            shutil.copytree(made, place, dirs_exist_ok=True)
        else:
            build(place, march=march)
        for source in ("week_board.py", "fakes/__init__.py", "fakes/bench.py", "fakes/chips.py"):
            text = (HERE / source).read_text()
            compile_file(Path(source), text, (place / source).with_suffix(".mpy"), march)
        (Path(folder) / "romfs.img").write_bytes(romfs.image(place))
    return Path(folder)
