"""Waits for the first of several possible replies."""

import asyncio

from mesh.core.coap.message import Message


async def first_of(
    answers: "asyncio.Queue[Message]", empty: "asyncio.Queue[Message]", wait_s: float
) -> Message | None:
    """The first to come of an answer and an empty message."""
    waiting = [asyncio.ensure_future(queue.get()) for queue in (answers, empty)]
    try:
        done, _ = await asyncio.wait(waiting, timeout=wait_s, return_when="FIRST_COMPLETED")
        came = [one.result() for one in waiting if one in done]
        return came[0] if came else None
    finally:
        for one in waiting:
            one.cancel()
