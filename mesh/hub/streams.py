"""Bounded queues of events for subscribers: a slow one delays nobody."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator
from typing import Generic, NamedTuple, Self, TypeVar

Item = TypeVar("Item")


class Measured(NamedTuple):
    """An own sensor has a new reading."""

    sensor: str


class Failing(NamedTuple):
    """An own sensor fails, for a new reason; or works again, without a reason."""

    sensor: str
    reason: str


class Stream(Generic[Item]):
    """An async iterator over the items put in. When it is full the oldest is dropped, and
    `dropped` counts it.

    It ends after close(), when the rest was taken. Also a context manager that closes it.
    """

    def __init__(self, size: int) -> None:
        self._items: deque[Item] = deque(maxlen=size)
        self._ready = asyncio.Event()
        self._closed = False
        self.dropped = 0

    def put(self, item: Item) -> None:
        """Add an item. Ignored after close()."""
        if self._closed:
            return
        if len(self._items) == self._items.maxlen:
            self.dropped += 1
        self._items.append(item)
        self._ready.set()

    def close(self) -> None:
        """Accept no more items."""
        self._closed = True
        self._ready.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        while not self._items:
            if self._closed:
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
        return self._items.popleft()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


async def with_pauses(stream: Stream[Item], seconds: float) -> AsyncGenerator[Item | None, None]:
    """Yield the items of a stream, and None after each `seconds` without one."""
    while True:
        item: Item | None = None
        with contextlib.suppress(TimeoutError):
            try:
                async with asyncio.timeout(seconds):
                    item = await anext(stream)
            except StopAsyncIteration:
                return
        yield item
