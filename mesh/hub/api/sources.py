"""Adapts the results of operations to the items of a program's subscriptions."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, TypeVar

from mesh.core import codes
from mesh.hub.api import records
from mesh.hub.api.records import Reading
from mesh.hub.failure import Refused

Data = dict[str, Any]
Item = TypeVar("Item")

AGAIN_S = 1.0

log = logging.getLogger(__name__)


async def made(
    make: Callable[[Data], Item], rows: AsyncGenerator[Data, None]
) -> AsyncGenerator[Item, None]:
    """Convert rows by make()."""
    async with aclosing(rows):
        async for row in rows:
            yield make(row)


async def readings(
    watch: Callable[[], AsyncGenerator[Data, None]],
) -> AsyncGenerator[Reading, None]:
    """The readings of watch(); restarted when a sensor has no value at first or for a while."""
    before = told = ""
    while True:
        try:
            async with aclosing(watch()) as rows:
                async for row in rows:
                    if "error" in row:
                        log.warning("%s: %s", row["peer"], row["error"])
                    elif "kind" not in row:  # what is said of agreements is no reading
                        yield records.reading(row)
            return
        except Refused as error:
            if error.code != codes.text(codes.UNAVAILABLE):
                raise
            if error.detail == before != told:  # it lasts longer than a start takes
                log.warning("%s", told := error.detail)
            before = error.detail
        await asyncio.sleep(AGAIN_S)
