"""What the tests of files of runs share."""

import asyncio

from commands import call

from mesh.core.codec import cbor
from mesh.hub.failure import Failure
from mesh.hub.operations import comparing
from mesh.hub.store import schema, sequence
from mesh.hub.store.queries import Queries


def told(home, *words):
    """What a command gives, as `--json` has it, without progress; and the failure at its end."""
    rows = []

    async def listen():
        try:
            async for row in call(*words, "--home", str(home.path), "--json").items:
                rows.append(row)  # noqa: PERF401 - kept also when it fails on the way
        except Failure as failure:
            return failure
        return None

    failure = asyncio.run(listen())
    return [row for row in rows if row["event"] != "progress"], failure


def ask(home, *words):
    rows, failure = told(home, *words)
    assert failure is None, failure
    return rows


def data_of(runs):
    return b"".join(cbor.encode(list(one[:5])) for one in runs)


def items_of(path):
    with path.open("rb") as file:
        return [one.data for one in sequence.cut(file)]


def ends(home):
    with Queries(home.path / schema.NAME) as store:
        return {who: rest for who, *rest in comparing.ends(store)}


def total(rows):
    return next(row for row in rows if row["event"] == "imported")
