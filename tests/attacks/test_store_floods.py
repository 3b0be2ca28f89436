"""What strangers have a desktop keep is bounded, and so is what it remembers of them, also after a
restart.
"""

import sqlite3
import time
from contextlib import closing

from crowd import SENSOR
from honest import Honest
from stranger import Attack

from mesh.core.limits import Limits
from mesh.hub.store import schema
from mesh.hub.store.crowd import MET
from mesh.hub.store.flow import BURST_S
from mesh.hub.store.quota import MEGABYTE, SHARE

EVERYBODY = {"keep": [{}]}
KIB = 1024
A_RUN_KIB = 8  # of large_runs.py
ITS_OWN_KIB = 1024  # of a store, for what it holds beside
MEMORY_KIB = 48 * KIB  # the caches of what is written, and the tables of docs/store.md


class Flooded:
    """A desktop before, and its figures after an attack and after a restart."""

    def __init__(self, victim):
        self.victim = victim
        assert victim.stop() == 0  # its log is in the store then
        self.disk_kib = victim.disk_kib
        victim.start()
        self.memory_kib = victim.memory_kib
        self.honest = Honest(victim)

    def attack(self, name, count):
        """Let an attack do all it came for, while somebody it met asks."""
        with self.honest.asking():
            attack = Attack(name, self.victim, count)
            self.honest.goes_on()
            attack.finish(1200)
            assert self.victim.is_running, self.victim.lines[-30:]
            self.honest.goes_on()
        assert self.honest.answered == self.honest.asked, self.honest.counts
        return attack

    def restarted(self):
        """(memory, disk) in KiB that it took more before it was stopped, and after a start."""
        during = self.victim.memory_kib - self.memory_kib
        assert self.victim.stop() == 0
        disk = self.victim.disk_kib - self.disk_kib
        self.victim.start()
        return during, disk, self.victim.memory_kib - self.memory_kib

    def note(self, seen, what, attack):
        """Check what it may take of memory; and a row of figures. How much more is on disk."""
        during, disk, after = self.restarted()
        seen(
            what,
            "desktop",
            sent=attack.sent,
            memory_kib=during,
            disk_kib=disk,
            told_kib=self.victim.told_kib,
            honest=self.honest.counts,
            ends=0,
        )
        assert during < MEMORY_KIB, during
        assert after < MEMORY_KIB / 2, after
        self.victim.verify()
        return disk


def strangers_in(victim):
    """Of how many something is kept whom it never met, and of how many of the crowd, met or not.

    Whoever else on this machine asks the group of all CoAP nodes meets the victim, which answers
    it on loopback too: those of other tests have no part in this.
    """
    with closing(sqlite3.connect(victim.home / schema.NAME)) as database:
        unmet = "SELECT count(*) FROM author WHERE standing < ?"
        named = "SELECT count(DISTINCT author) FROM sensor WHERE name = ?"
        return tuple(
            database.execute(question, (value,)).fetchone()[0]
            for question, value in ((unmet, MET), (named, SENSOR))
        )


def test_one_key_over_tcp(desktop, seen, times):
    """No more than its part of what strangers have, however fast it is."""
    limits = {"strange_mb": times(8, 64), "strange_kb_s": 65_536}
    flooded = Flooded(desktop(**EVERYBODY, limits=limits))
    attack = flooded.attack("large_runs", times(1000, 30_000))
    disk = flooded.note(seen, f"one key, large runs over TCP, {limits['strange_mb']} MB", attack)
    part_kib = limits["strange_mb"] * MEGABYTE / SHARE / KIB
    assert attack.sent * A_RUN_KIB > 4 * part_kib, "that was no flood"
    assert disk < part_kib * 1.5 + ITS_OWN_KIB, (disk, part_kib)
    assert attack.told["codes"].get("4.13"), attack.told


def test_one_key_over_tcp_by_default(desktop, seen, times):
    """The rate at which strangers are listened to bounds it long before."""
    flooded = Flooded(desktop(**EVERYBODY))
    start_s = time.monotonic()
    attack = flooded.attack("large_runs", times(1000, 30_000))
    most_kib = Limits.strange_kb_s * (BURST_S + time.monotonic() - start_s)
    disk = flooded.note(seen, "one key, large runs over TCP", attack)
    assert disk < most_kib * 1.5 + ITS_OWN_KIB, (disk, most_kib)
    assert attack.told["codes"].get("4.29"), attack.told


def test_a_crowd(desktop, seen, times):
    most = times(60, Limits.strange_authors)
    flooded = Flooded(desktop(**EVERYBODY, limits={"strange_authors": most}))
    attack = flooded.attack("crowd", times(300, 10_240))
    disk = flooded.note(seen, "identities that prove themselves and offer runs", attack)
    assert sum(attack.told["codes"].values()) > 4 * most, "that was no crowd"
    unmet, of_the_crowd = strangers_in(flooded.victim)
    assert unmet <= most
    assert most / 2 <= of_the_crowd <= most
    assert disk < 4 * most + ITS_OWN_KIB, disk
