"""Waits for the first readings of a flashed board, and reports devices that fail."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, NamedTuple

from mesh.boards.mishaps import mishap
from mesh.core.errors import MeshError
from mesh.hub.operations import session
from mesh.hub.operations.first_look import READ_S

Data = dict[str, Any]


class Board(NamedTuple):
    """A board that has joined: id as text, name here, address; and what failed at its start, by
    name.
    """

    id: str
    name: str
    address: str
    failed: Mapping[str, str] = {}


async def readings(choices: session.Choices, board: Board) -> AsyncGenerator[Data, None]:
    """Yield the first reading of each sensor of the board; then Mishap if any device fails."""
    args = {"peer": board.id, "timeout": READ_S}
    try:
        async with aclosing(session.ask(choices, "first", args, READ_S)) as items:
            [seen] = [item async for item in items]
    except MeshError as error:
        raise mishap("not-reached", address=board.address, reason=error.detail) from error
    yield {"event": "reading", "rows": seen["rows"]}
    if seen["silent"]:
        yield {"event": "silent", "sensors": seen["silent"], "seconds": READ_S}
    failing = dict(board.failed) | seen["failing"]
    if not failing:
        return
    yield {"event": "failing", "things": failing}
    failed = mishap("thing-failing", failing=", ".join(sorted(failing)), name=board.name)
    yield {"event": "failed", "failure": failed.name, "detail": failed.detail}
    raise failed
