"""A week of a full board in pretend time: eight observers, 32 known peers, all its sensors.

    .venv/bin/python tests/device/week.py HOURS    # `make week` has a week

It is lived three times: by a board that is never switched off, whose heap must not grow; by one
that is switched off every few hours, mostly amid a write to its files, whose numbers must not
repeat; and by one whose tables strangers fill, who come and go, each with a key and an address.
The board is a MicroPython process of its own that runs from a ROM image, with a board's heap; the
world around it is Python. Signatures are hashes on both sides (tests/core/world.py), the rest is
what runs on a board. docs/performance.md has what was found.
"""

import random
import sys
import tempfile
import time
from pathlib import Path

from passers_by import Passer
from week_process import Numbers, Remote, World, lay_out, weigh, worlds

from mesh.boards.virtual.process import configure
from mesh.core.coap import message as coap
from mesh.core.events import Answer, Forked, Reading, Refused
from mesh.core.limits import Limits
from mesh.core.peer_id import to_text
from mesh.core.security.signed_client import request_for
from mesh.hub import fast_cbor

AT = ("10.0.1.1", 5683)
# 1.6 times a Pico W's 190 KiB (hardware/boards), as objects here have twice the size, and bytes do
# not: with 32-bit words this board takes 144 KiB of what are 239 here (docs/performance.md)
HEAP_KIB = 304
HOUR_MS = 3_600_000
CHECK_MS = 300_000
CUT_HOURS = 5  # between two ends of a board that is switched off now and then
GROWTH = 4096  # bytes that may be in use at one look and not at another
OFF_MS = 90_000
STRANGERS = 24  # that pass by at once, in each quarter of an hour
WRITES = 90  # in which one is chosen that is the last
SENSORS = {
    "room": {"kind": "bme280", "sda": 4, "scl": 5},
    "air": {"kind": "sht3x", "sda": 4, "scl": 5},
    "sun": {"kind": "bh1750", "sda": 4, "scl": 5, "samples": 3, "average": "median"},
    "water": {"kind": "ds18b20", "pin": 22},
    "cellar": {"kind": "dht22", "pin": 15},
    "bed": {"kind": "soil", "pin": 26, "dry": 50_000, "wet": 20_000},
    "cell": {"kind": "battery", "pin": 27, "divider": 2},
    "hall": {"kind": "pir", "pin": 14},
    "bell": {"kind": "button", "pin": 3},
    "heap": {},
    "disk": {},
}
SETTINGS = {
    "name": "cellar",
    "port": AT[1],
    "sensors": {name: {"every_s": 60, **SENSORS[name]} for name in SENSORS},
    "actuators": {
        "led": {},
        "fan": {"kind": "relay", "pin": 16, "max_on_s": 300},
        "door": {"kind": "servo", "pin": 17},
    },
    "rules": [{"when": "self/hall", "equals": True, "set": "fan", "to": True}],
    "discovery": {"layers": [], "interface": AT[0]},
    "limits": {"check_ms": CHECK_MS},
}


def only(peer, add):
    """In place of Contacts.add(): for one peer alone."""
    return lambda now_ms, who, *where: add(now_ms, who, *where) if who == peer else None


class Week:
    """One board, its 32 peers, and what they found."""

    def __init__(self, folder, heap_kib=HEAP_KIB, strangers=0):
        self._folder = folder
        self._strangers = strangers  # that pass by in a quarter of an hour
        self.passed = 0
        self.heard = 0  # answers that they got
        self.weight = weigh(folder)
        self._heap_kib = heap_kib + (self.weight + 1023) // 1024
        self._random = random.Random(7)
        self.world = World()
        self.numbers = Numbers()
        self.peers = []
        self.seqs = {}  # of the readings that each peer had
        self.told = []  # what may be a fault
        self.looks = []  # (hour, used, free, in one piece, contacts, lacks)
        self.answers = self.readings = self.starts = 0
        self._watches = {}  # peer's address: its observation
        holder = to_text(worlds.make_identity(2).public)
        configure(Path(folder), {**SETTINGS, "introduced_by": holder})
        self._switch_on()
        self._crowd()

    def _switch_on(self):
        self.starts += 1
        self.board = Remote(self._folder, self._heap_kib, self.world.now, self.numbers)
        self.numbers.board = self.board.id
        told = max(self.seqs.values(), default=0)
        assert self.board.next_seq > told, f"it would use seq {told} again"
        self.world.nodes[AT] = self.board
        self.world.events[AT] = []

    def _crowd(self):
        """32 peers: eight observe, half of them the feed and half a sensor."""
        for number in range(2, 2 + Limits().peers):
            follow = [] if number > 5 else "*"
            node, at = self.world.add(number, {"follow": follow}, check_ms=CHECK_MS * 3)
            # they ask the board whom it knows, and leave each other alone: that is not looked at
            node.contacts.add = only(self.board.id, node.contacts.add)
            node.peer.kit.encode, node.peer.kit.decode = fast_cbor.encode, fast_cbor.decode
            node.start(self.world.now, False)
            node.candidate(self.world.now, self.board.id, AT, "given")
            node.add_sensor("warm", "Cel")
            self.peers.append((node, at))
            self.world.run(700)  # not all of them at once: each asks again after the same time
        for _ in range(30):
            self.world.run(60_000)
            if not self._invite() and self.board.look()[3] == len(self.peers):
                break

    def _invite(self):
        """Whoever was turned away, as the board had too much to do, comes again; how many did."""
        count = 0
        for node, _ in self.peers:
            contact = node.contacts.get(self.board.id)
            if contact is None or contact.address is None:
                node.candidate(self.world.now, self.board.id, AT, "given")
                count += 1
        return count

    def _observe(self):
        """Have sensors told to four of them, if they are not."""
        for node, at in self.peers[4:8]:
            if at not in self._watches:
                message = request_for(coap.FETCH, ["sensors", "room.temperature"], observe=True)
                self._watches[at] = node.ask(self.world.now, self.board.id, message, None, b"")

    def _quarter(self, hour, part):
        """What happens in a quarter of an hour."""
        world, now = self.world, self.world.now
        self._observe()
        for node, _ in self.peers[part::4]:
            node.reading(now, "warm", hour)
        holder = self.peers[0][0]
        wish, value = (("led", part % 2 == 0), ("door", 30 * part))[hour % 2]
        message = request_for(coap.PUT, ["actuators", wish])
        holder.ask(now, self.board.id, message, 60, fast_cbor.encode(value))
        proof = request_for(coap.GET, ["sensors", "sun"]).add(coap.ACCEPT, 18)
        self.peers[8][0].get(now, AT, proof)
        for pin, level in ((14, 1), (3, 0)):
            self.board.say("p", pin, level)
        world.run(30_000)
        for pin, level in ((14, 0), (3, 1)):
            self.board.say("p", pin, level)
        self._pass_by()
        world.run(HOUR_MS // 4 - 30_000 - 9000, lambda: not self.board.is_on)
        self._hear()

    def _pass_by(self):
        """Strangers come all at once, and each asks for one thing a second."""
        world = self.world
        came = []
        for _ in range(self._strangers):
            self.passed += 1
            one = Passer(self.passed, self.board.id, AT)
            world.nodes[one.address] = one
            world.events[one.address] = []
            came.append(one)
        for _ in range(9):
            for one in came:
                one.next_wish()
            world.drain()
            world.run(1000)
        for one in came:
            self.heard += one.answers
            world.remove(one.address)
            del world.events[one.address]

    def _hear(self):
        """What the peers were told."""
        for address, events in self.world.events.items():
            for event in events:
                if isinstance(event, (Forked, Refused)):
                    self.told.append(f"{address}: {event}")
                elif isinstance(event, Reading):
                    self.readings += 1
                    assert event.seq > self.seqs.get((address, event.peer), 0), event
                    self.seqs[address, event.peer] = event.seq
                elif isinstance(event, Answer):
                    self._answer(address, event)
            del events[:]
        # what is no fault: lower limits, too many peers at once, and refusals of strangers
        allowed = ("! limits", "Refused(" if self._strangers else "too many")
        for line in self.board.told:
            if not any(word in line for word in allowed):
                self.told.append(line)
        self.board.told = []

    def _answer(self, address, event):
        if event.number == self._watches.get(address) and not event.more:
            del self._watches[address]  # it is asked for again
        elif event.code >> 5 == 2:
            self.answers += 1
        elif event.code:
            self.told.append(f"{address}: {event}")

    def _cut(self):
        """Switch the board off: amid one of its next writes, or properly."""
        if self.starts % 4:
            self.board.say("c", self._random.randrange(1, WRITES))
            self.world.run(12 * HOUR_MS, lambda: not self.board.is_on)
            assert not self.board.is_on, "it does not write"
        else:
            self.board.say("g")
            self.world.run(10)
            self.board.kill()
        self._hear()
        for node, at in self.peers:
            if at in self._watches:  # nobody knows of it any more
                node.asks.cancel(self.world.now, self._watches.pop(at))
        self.world.remove(AT)
        self.world.run(OFF_MS)
        self._switch_on()
        self.world.run(OFF_MS)

    def live(self, hours, cut_hours=None, tell=print):
        """Let so many hours pass; its power goes every `cut_hours`."""
        for hour in range(hours + 1):
            used, *rest = self.board.look()
            self.looks.append((hour, used - self.weight, *rest))
            seen = self.looks[-1]
            tell(
                "hour {}: {:,} B used, {:,} free, {:,} in one piece; {} contacts;"
                " memory was lacking {} times".format(*seen)
            )
            if hour < hours:
                for part in range(4):
                    self._quarter(hour, part)
                if cut_hours and hour % cut_hours == cut_hours - 1:
                    self._cut()
        self.board.kill()
        return self

    def growth(self, first):
        """How much more was in use at the last look than in a day from hour `first` on."""
        day = [used for hour, used, *_ in self.looks if first <= hour < first + 24]
        return self.looks[-1][1] - max(day)


def main(hours, *heap_kib):
    """Live three times; the exit code."""
    wrong = 0
    for cut_hours, strangers in ((None, 0), (CUT_HOURS, 0), (None, STRANGERS)):
        begin = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            one = Week(lay_out(folder), *(heap_kib or (HEAP_KIB,)), strangers)
            one.live(hours, cut_hours, lambda line: print(line, flush=True))
        if strangers:
            print(f"{one.passed:,} strangers passed by, and got {one.heard:,} answers")
        print(
            f"{one.starts} starts, {one.readings:,} readings from its feed,"
            f" {one.answers:,} answers, {one.numbers.count:,} counters;"
            f" took {time.monotonic() - begin:.0f} s"
        )
        if not cut_hours and not strangers and hours > 2:
            print(f"growth: {one.growth(2)} B")
            wrong += one.growth(2) > GROWTH
        for line in one.told:
            print("fault:", line)
        wrong += len(one.told)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:] or ["168"])))
