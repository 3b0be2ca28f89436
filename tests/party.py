"""Homes that know each other by name, and whose stores are passed on by hand; or in a circle."""

import asyncio

import pytest
from commands import call, items, make_home

from mesh.core import peer_id as ids
from mesh.core.relations import mark
from mesh.hub.failure import Failure
from mesh.hub.home import naming
from mesh.hub.home.home import Home
from mesh.hub.home.naming import Known
from mesh.hub.operations import relating, session
from mesh.hub.store import rows, schema
from mesh.hub.store.archive import Archive
from mesh.hub.store.queries import Queries
from mesh.hub.store.rows import Row

GOAL = "the seedlings live"


class Party:
    """Homes by name; each knows the others by name. Nothing is passed on but by meet()."""

    def __init__(self, folder, names):
        self.homes = {name: make_home(folder / name) for name in names}
        self.ids = {name: home.peer_id() for name, home in self.homes.items()}
        known = [Known(ids.to_text(self.ids[name]), name) for name in names]
        for home in self.homes.values():
            naming.remember(home.path / naming.CACHE, known)

    def do(self, name, *words):
        home = self.homes[name]
        found = asyncio.run(items(call(*words, "--home", str(home.path), "--json")))
        return found[0]

    def refused(self, name, *words):
        with pytest.raises(Failure) as caught:
            self.do(name, *words)
        return caught.value.detail

    def short(self, name, *words):
        return self.do(name, *words)["ref"][:8]

    def meet(self):
        """Everybody has the feeds of all others."""
        runs = []
        for home in self.homes.values():
            with Home(home.path), Archive(home.path / schema.NAME) as archive:
                archive.flush(30)
            runs += list(runs_of(home))
        for home in self.homes.values():
            with Archive(home.path / schema.NAME) as archive:
                for author, run in runs:
                    if author != home.peer_id():
                        archive.took(author, run)
                archive.flush(30)

    def lie(self, name, ref, word):
        """Say something that the commands would not say."""
        home = self.homes[name]
        choices = session.Choices(home.path)
        body = mark.make(ids.from_text(ref), word)
        asyncio.run(relating.write(choices, mark.NAME, body))

    def state(self, name, ref):
        return self.do(name, "agreement", "show", ref)["state"]


def runs_of(home):
    """All that a home holds, each run with its author."""
    ask = f"SELECT {rows.COLUMNS} FROM run JOIN author ON author.id = author WHERE key = ?"
    with Queries(home.path / schema.NAME) as store:
        for author in store.authors():
            for row in store.database.execute(f"{ask} ORDER BY first", (author,)).fetchall():
                yield author, rows.run_of(author, Row(*row))


def in_circle(folder):
    """Three who are in a circle."""
    made = Party(folder, ("ann", "bob", "cat"))
    made.do("ann", "circle", "found", GOAL)
    for name in ("bob", "cat"):
        made.do(name, "promise", "answer", "5")
    made.meet()
    for name in ("bob", "cat"):
        made.do("ann", "circle", "invite", GOAL, name)
        made.meet()
        (row,) = made.do(name, "circle", "list")
        assert row["we"] == "invited"
        made.do(name, "circle", "join", GOAL)
        made.meet()
        if name == "bob":
            continue
        (row,) = made.do("bob", "agreement", "list")
        assert (row["state"], row["what"]) == ("open", "adds cat, 2 have to say yes from then on")
        made.do("bob", "agreement", "yes", row["ref"][:8])
        made.meet()
    return made
