"""A store that has come to rest."""

import sqlite3
from contextlib import closing

from stored import NOW

from mesh.hub.store import upkeep
from mesh.hub.store.retention_rules import DAY_MS

TODAY = NOW // DAY_MS * DAY_MS


def settle(path, rules, now=TODAY):
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        done = upkeep.step(database, rules, now)
        floors = dict(done.floors)
        while done.more:
            done = upkeep.step(database, rules, now)
            floors |= done.floors
    return floors
