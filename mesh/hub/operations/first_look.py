"""Waits for a board that has just started, until each of its sensors gave a reading or a
reason.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

READ_S = 30.0  # time for the first reading of each sensor
AGAIN_S = 12.0  # time in which the board retries what failed (RETRY_MS in parts.py)
LOOK_S = 1.0
Data = dict[str, Any]


async def wait(look: Callable[[], Awaitable[tuple[list[Data], Data]]]) -> Data:
    """Poll a board's readings and its /peer until each sensor gave a reading or a reason. What
    failed gets time for a retry.
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
