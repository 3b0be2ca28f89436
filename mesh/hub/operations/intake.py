"""Where a file of runs is imported: in the peer that runs with its home, else in the command."""

import base64
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from mesh.core.errors import LocalError
from mesh.core.limits import Limits
from mesh.hub.home.home import Home
from mesh.hub.operations import control, session
from mesh.hub.operations.importing import Data, Intake

Taker = Callable[[bytes], Coroutine[Any, Any, list[Data]]]


@asynccontextmanager
async def intake(folder: Path | None) -> AsyncGenerator[Taker, None]:
    """The function that imports a CBOR sequence into a home's store: by the peer that runs there,
    else directly, with the home locked. LocalError.
    """
    home = Home(folder)
    async with AsyncExitStack() as stack:
        if await session.runs_or_open(home, stack):
            yield lambda data: _asked(home, data)
            return
        from mesh.hub.desktop_kit import make_kit  # noqa: PLC0415 - the running peer has its own
        from mesh.hub.desktop_limits import DESKTOP  # noqa: PLC0415
        from mesh.hub.desktop_node import DesktopNode  # noqa: PLC0415
        from mesh.hub.store.record import Record  # noqa: PLC0415

        profile = home.profile()
        limits = Limits(**(DESKTOP | profile.limits))
        node = DesktopNode(make_kit(), home.identity, profile, limits, home.boots)
        record = Record(home, profile, node)
        await record.open(limits.tail)
        stack.push_async_callback(record.close)
        taking = Intake(node, home)
        yield lambda data: taking.take(data, 0)


async def _asked(home: Home, data: bytes) -> list[Data]:
    args = {"items": base64.b64encode(data).decode()}
    try:
        async with aclosing(control.call(home.control, "import", args)) as told:
            return [row async for rows in told for row in rows]
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise LocalError(
            "the running peer has ended", "the same command again does the rest"
        ) from error
