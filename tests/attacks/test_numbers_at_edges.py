"""Whatever numbers a stranger puts where one can be: stores and boards go on, also after a
restart, and so does whoever keeps what they keep.
"""

import sqlite3
from contextlib import closing

from honest import Honest
from keepers import goes_on
from stranger import Attack

from mesh.hub.store import schema

QUICK = {"limits": {"check_ms": 2000, "head_ms": 300}, "sensors": {"uptime": {"every_s": 0.3}}}
LAST = (1 << 63) - 1


def attacked(victim, count, seen):
    memory = victim.memory_kib
    honest = Honest(victim)
    with honest.asking():
        attack = Attack("edges", victim, count)
        attack.finish(1200)
        assert victim.is_running, victim.lines[-30:]
        honest.goes_on()
    assert not [line for line in victim.lines if "Traceback" in line], victim.lines[-60:]
    seen(
        "numbers at the edges, in every field",
        victim.kind,
        sent=attack.sent,
        memory_kib=victim.memory_kib - memory,
        told_kib=victim.told_kib,
        honest=honest.counts,
        ends=0,
    )


def test_desktops_and_who_replicates_them(desktop, seen, times):
    victim = desktop(keep=[{}], **QUICK)
    attacked(victim, times(12, 150), seen)
    goes_on(victim, victim)
    victim.verify()
    assert victim.stop() == 0
    victim.start()
    goes_on(victim, victim)
    at = f"127.0.0.1:{victim.address[1]}"
    other = desktop("other", keep=[{}], peers=[{"id": victim.id, "address": at}], **QUICK)
    goes_on(other, victim)
    assert other.stop() == 0
    other.start()
    goes_on(other, victim)
    other.verify()
    victim.verify()


def test_a_board(board, seen, times):
    attacked(board(), times(4, 150), seen)


def test_a_store_that_has_such_rows_already(desktop):
    """As an older one may have: two runs up to 2^63 - 1, of an author that nobody else keeps."""
    victim = desktop(keep=[{}], **QUICK)
    goes_on(victim, victim)
    assert victim.stop() == 0
    with closing(sqlite3.connect(victim.home / schema.NAME)) as database, database:
        number = database.execute("INSERT INTO author(key) VALUES (?)", (b"e" * 32,)).lastrowid
        for first, last in ((LAST - 1, LAST), (1 << 53, LAST - 2), (5, 1 << 60)):
            database.execute(
                "INSERT INTO run(author, first, before, last, link, head, entries) "
                "VALUES (?, ?, zeroblob(32), ?, zeroblob(32), x'00', x'8141f6')",
                (number, first, last),
            )
        database.execute("INSERT INTO boot VALUES (?, ?, 2, 9e300)", (number, LAST))
    victim.start()
    assert any("taken out" in line for line in victim.lines), victim.lines[-20:]
    goes_on(victim, victim)
    victim.verify()
    at = f"127.0.0.1:{victim.address[1]}"
    other = desktop("other", keep=[{}], peers=[{"id": victim.id, "address": at}], **QUICK)
    goes_on(other, victim)
