"""Reads and writes files in a thread, so that the event loop goes on."""

import asyncio
import concurrent.futures.thread  # noqa: F401 - asyncio loads it in the loop
import contextlib
from collections.abc import Callable
from typing import TypeVar

Given = TypeVar("Given")


async def to_the_end(work: Callable[[], Given]) -> Given:
    """Run work() in a thread and give its result. A cancellation takes effect when it is done, so
    that nothing is left half open.
    """
    doing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        while not doing.done():
            with contextlib.suppress(asyncio.CancelledError):  # once more
                await asyncio.wait([doing])
        doing.exception()  # cancelled: the result is of no interest, but must be fetched
        raise
