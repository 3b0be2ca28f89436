"""Runs blocking work, such as access to a board by cable, in a thread, and yields its progress."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from typing import Any

from mesh.core.errors import MeshError
from mesh.hub.failure import FAILED, Failure

Tell = Callable[[dict[str, Any]], None]


async def in_thread(job: Callable[[Tell], None]) -> AsyncGenerator[dict[str, Any], None]:
    """Run a job in a thread, and yield what it reports. Its MeshError is raised here.

    If the caller stops iterating, the job is stopped at its next report by an exception, so that
    it can clean up; this waits for it.
    """
    loop = asyncio.get_running_loop()
    news: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    stopped = threading.Event()
    failed: list[BaseException] = []

    def tell(item: dict[str, Any]) -> None:
        if stopped.is_set():
            raise Failure("stopped", None, FAILED)
        loop.call_soon_threadsafe(news.put_nowait, item)

    def run() -> None:
        try:
            job(tell)
        except (MeshError, OSError) as error:
            failed.append(error)
        finally:
            loop.call_soon_threadsafe(news.put_nowait, None)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        while (item := await news.get()) is not None:
            yield item
    finally:
        stopped.set()
        await loop.run_in_executor(None, thread.join)
    if failed:
        raise failed[0]
