"""The first readings of a board that was flashed, and what of the things it was given fails."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, NamedTuple

from mesh.core.errors import MeshError
from mesh.hub import session
from mesh.hub.first_look import READ_S
from mesh.hub.mishaps import mishap

Data = dict[str, Any]


class Board(NamedTuple):
    """A board that has joined: its id as text, its name here, where it is; why things of it failed
    while it started, by name.
    """

    id: str
    name: str
    address: str
    failed: Mapping[str, str] = {}


async def readings(choices: session.Choices, board: Board) -> AsyncGenerator[Data, None]:
    """What each sensor of the board tells first. Mishap, after that, if something of it fails."""
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
    told = "; ".join(f"{name}: {why}" for name, why in sorted(failing.items()))
    failed = mishap("thing-failing", failing=told, name=board.name)
    yield {"event": "failed", "failure": failed.name, "detail": failed.detail}
    raise failed
