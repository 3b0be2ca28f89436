"""What `mesh conform` says of a peer, for tests."""

from mesh.hub.conform import playing
from mesh.hub.failure import Failure

LIMIT_S = 120


async def report(address, write, *sections):
    """The rows of its report, whatever they say."""
    rows = []
    try:
        async for row in playing.play(address, write, LIMIT_S, sections):
            rows.append(row)  # noqa: PERF401 - kept also when it fails at the end
    except Failure:
        assert rows[-1]["event"] == "sum", rows
        assert rows[-1]["fail"], rows
    return rows


def of(rows, outcome):
    """The rules that ended in this way."""
    return [row["rule"] for row in rows if row.get("outcome") == outcome]
