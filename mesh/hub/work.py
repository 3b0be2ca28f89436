"""Work that blocks, such as talking to a board on its cable, as news that come one by one."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from typing import Any

from mesh.core.errors import MeshError
from mesh.hub.failure import FAILED, Failure

Tell = Callable[[dict[str, Any]], None]


async def in_thread(job: Callable[[Tell], None]) -> AsyncGenerator[dict[str, Any], None]:
    """Do a job in a thread of its own, and yield what it tells. Its MeshError comes out here.

    Whoever stops listening stops the job: the next time that it tells something, it is raised out
    of there, so that it can clear up; it is waited for.
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
