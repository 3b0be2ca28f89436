"""The board of tests/device/week.py: MicroPython, one process, whose heap is that of a board.

It reads a line for each thing that happens to it, and answers with what it sends and with when it
wants to be woken; the world is elsewhere. `t ms` time passes; `r ms channel host port size` and so
many bytes: a datagram comes; `p pin level` a pin changes; `h` its heap; `c n` its power goes at
the n-th write to its files; `g` it is switched off properly.
"""

import gc
import hashlib
import os
import sys

from fakes.bench import Bench
from fakes.chips import Bh1750, Bme280, Dht22, Ds18b20, Sht3x

LITTER = 2048  # bytes that are not worth a collection
BATCH = 8  # datagrams between collections, as in mesh/device/loop.py
LOOK_MS = 10_000  # between looks at inputs and relays; a real board does so every 50 ms and 1 s


class Unkept(list):
    """Of what a bench notes nothing is needed."""

    def append(self, item):
        pass


class Wired(Bench):
    """What tests/device/fakes/rig.py has on its pins, in the world's time; it gets warmer."""

    def __init__(self):
        super().__init__()
        self.opened, self.pulses = Unkept(), Unkept()
        self.room = Bme280()
        self.i2c = {0x76: self.room, 0x44: Sht3x(), 0x23: Bh1750()}
        self.wires = {22: [Ds18b20()]}
        self.dht = {15: Dht22()}
        self.raw = {26: 35_000, 27: 39_718}

    def warmer(self):
        self.room.t = 500_000 + (self.room.t + 977) % 30_000
        self.raw[26] = 20_000 + (self.raw[26] + 1999) % 30_000


class Linked:
    """The files into which mesh.boards.firmware.link joins what every board loads."""

    def __init__(self):
        names = sorted([name for name in os.listdir("/rom/mesh") if name.startswith("linked")])
        self._files = [__import__("mesh." + n.split(".")[0], None, None, ("a",)) for n in names]

    def get(self, name):
        return next(getattr(file, name) for file in self._files if hasattr(file, name))

    def put(self, name, thing):
        for file in self._files:
            setattr(file, name, thing)


def sha256(data):
    return hashlib.sha256(data).digest()


class Thrift:
    """In place of gc where the loop collects at each turn: hours go by with that. What is left out
    is what there is little to collect for; so this board has no more room than a real one.
    """

    mem_alloc, mem_free = gc.mem_alloc, gc.mem_free

    def __init__(self):
        self._kept = 0

    def collect(self):
        if gc.mem_alloc() - self._kept > LITTER:
            gc.collect()
            self._kept = gc.mem_alloc()


class Console:
    """Says only what may be a fault."""

    as_json = False

    def tell(self, what, **fields):
        if what in ("error", "failing", "restarted", "safe", "limits"):
            print("!", what, fields)

    def event(self, event):
        if type(event).__name__ in ("Forked", "Refused"):
            print("!", event)


class Sock:
    """Prints what is sent."""

    def __init__(self, address, own, most, shared=False):
        pass

    def join(self, group, own):
        pass

    def send(self, address, data):
        print("s", address[0], address[1], len(data))
        sys.stdout.buffer.write(data)


class Power:
    """In place of open() and os where files are written: it goes amid the write number `left`."""

    def __init__(self):
        self.left = 0
        self.remove, self.urandom = os.remove, os.urandom

    def write(self, do, half=None):
        self.left -= 1
        if not self.left:
            if half:
                half()
            print("off")
            sys.stdin.read()  # until it is killed
        do()

    def open(self, path, mode):
        return File(self, open(path, mode)) if mode != "rb" else open(path, mode)

    def rename(self, old, new):
        self.write(lambda: os.rename(old, new))


class File:
    """A file that may be torn."""

    def __init__(self, power, file):
        self._power, self._file = power, file

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def write(self, data):
        def half():
            self._file.write(data[: len(data) // 2])
            self._file.flush()

        self._power.write(lambda: self._file.write(data), half)


def largest():
    """Bytes of the largest thing that there is room for in one piece, to within 1 KiB."""
    low, high = 0, gc.mem_free() >> 10
    while low < high:
        middle = (low + high + 1) // 2
        try:
            bytearray(middle << 10)
            low = middle
        except MemoryError:
            high = middle - 1
    gc.collect()
    return low << 10


class Life:
    """One start of the board, as mesh.device.main begins it."""

    def __init__(self, bench):
        self.now = 0
        self.bench = bench
        self.woken = False
        self.came = 0  # datagrams since the last collection in between
        bench.now = lambda: self.now

    def begin(self):
        from mesh.device import ed25519, main  # noqa: PLC0415 - weighed without it

        linked = Linked()
        measuring, guard = linked.get("Measuring"), linked.get("Guard")

        def sign(secret, public, data):
            """A hash: signing for real takes longer than a week has hours here."""
            return sha256(b"1" + public + data) + sha256(b"2" + public + data)

        def look(one, now_ms, sensor, look=measuring.look):
            return max(LOOK_MS, look(one, now_ms, sensor))

        def guarding(one, now_ms, guarding=guard.__call__):
            guarding(one, now_ms)
            return LOOK_MS

        self.gc = Thrift()
        self.power = power = Power()
        for name, thing in (("gc", self.gc), ("os", power), ("open", power.open)):
            linked.put(name, thing)
        linked.put("Ticks", lambda: lambda: self.now)
        linked.put("Socket", Sock)
        measuring.look = look
        guard.__call__ = guarding
        ed25519.sign = sign
        ed25519.verify = lambda public, signature, data: signature == sign(None, public, data)
        ed25519.public_key = lambda secret: sha256(b"public" + secret)
        self.kept = main  # a real board has it
        profile, modules, _ = main.settings(False)
        self.board = linked.get("Board")(profile, modules, Console())
        self.board.loop.wake = self.wake
        gc.collect()
        gc.threshold(-1)
        self.board.open()
        node = self.board.node
        print("id", node.peer.id.hex(), node.peer.feeds.own.next_seq)

    def wake(self):
        """In place of the loop's own: its task would go on after this datagram."""
        self.woken = True

    def does(self, word, *rest):
        """What a line says; when to wake."""
        loop, node = self.board.loop, self.board.node
        if word == "h":
            gc.collect()
            lacks = loop.faults.lacks
            print("h", gc.mem_alloc(), gc.mem_free(), largest(), len(node.contacts.table), lacks)
            self.bench.warmer()
        elif word == "c":
            self.power.left = int(rest[0])
        elif word == "g":
            self.board.stop()
        elif word == "p":
            self.bench.level(int(rest[0]), int(rest[1]))
        else:
            self.now = int(rest[0])
        if word == "r":
            data = sys.stdin.buffer.read(int(rest[4]))
            loop.take(int(rest[1]), (rest[2], int(rest[3])), data)
            self.came += 1
            if self.came % BATCH == 0:
                self.gc.collect()
        return self.turn(word == "t")

    def turn(self, is_time):
        """Have the loop turn, if that is so or it was woken; when to wake it."""
        loop = self.board.loop
        if loop.crash:
            raise loop.crash
        if is_time or self.woken:
            self.woken = False
            loop.turn()
        return loop.until


def main(weigh):
    """Run the board, or tell what this file and the stand-ins take of its heap."""
    life = Life(Wired().__enter__())
    gc.collect()
    if weigh:
        print(gc.mem_alloc())
        return
    gc.threshold(2048)  # as mesh/device/main.py has it while all is loaded
    life.begin()
    while line := sys.stdin.readline():
        print("w", life.does(*line.split()))
