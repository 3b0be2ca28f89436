"""Waiting for a board that has just started: until each of its sensors has told something."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

READ_S = 30.0  # for the first reading of each sensor
AGAIN_S = 12.0  # in which the board has tried once more what failed (RETRY_MS of its parts)
LOOK_S = 1.0
Data = dict[str, Any]


async def wait(look: Callable[[], Awaitable[tuple[list[Data], Data]]]) -> Data:
    """Look again and again, for a board's readings and its /peer, until each sensor gave a reading
    or a reason; what failed gets time to be tried again.
    """
    began_s = time.monotonic()
    while True:
        rows, about = await look()
        told = about.get("failing")
        failing = {str(n): str(why) for n, why in told.items()} if isinstance(told, dict) else {}
        names = about.get("sensors")
        known = failing.keys() | {row["sensor"] for row in rows}
        silent = [n for n in names if n not in known] if isinstance(names, list) else []
        waited_s = time.monotonic() - began_s
        is_over = waited_s > (READ_S if silent else AGAIN_S)
        if is_over or not (silent or failing):
            return {"rows": rows, "failing": failing, "silent": silent}
        await asyncio.sleep(LOOK_S)
