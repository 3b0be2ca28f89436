"""Subscriptions of a program: async iterators over readings and events."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Generic, Self, TypeVar

from mesh.hub.streams import Stream

Item = TypeVar("Item")

WAITING = 1024  # items queued for a slow program; of more the oldest are dropped


class Subscription(Generic[Item]):
    """An async iterator over what comes. It ends by aclose(), with its peer, or when it is
    garbage, as after `break`; use `async with` to end it at once.

    An error is raised, and then it ends. `dropped` counts items that were lost.
    """

    def __init__(self, source: AsyncGenerator[Item, None]) -> None:
        self._stream = stream = Stream[Item](WAITING)
        self._task = asyncio.get_running_loop().create_task(_pass_on(source, stream))
        self._task.add_done_callback(lambda done: _end(done, stream))
        self._is_over = False

    @property
    def task(self) -> asyncio.Task[None]:
        """The task that fetches the items; cancelled to end this."""
        return self._task

    @property
    def dropped(self) -> int:
        """How many items were dropped, as more than 1,024 waited."""
        return self._stream.dropped

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        try:
            return await anext(self._stream)
        except StopAsyncIteration:
            if self._is_over:
                raise
            self._is_over = True
            await asyncio.wait([self._task])
            if not self._task.cancelled():
                self._task.result()  # raises what went wrong
            raise

    async def aclose(self) -> None:
        """End it."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        loop = self._task.get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._task.cancel)


async def _pass_on(source: AsyncGenerator[Item, None], stream: Stream[Item]) -> None:
    async with aclosing(source) as items:
        async for item in items:
            stream.put(item)


def _end(done: asyncio.Task[None], stream: Stream[Item]) -> None:
    """Close the stream, also if the task was cancelled before it began. And fetch its exception,
    or asyncio logs it.
    """
    stream.close()
    if not done.cancelled():
        done.exception()
