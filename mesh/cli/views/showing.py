"""Shows a reply to its end, or until Ctrl-C or another signal ends it."""

import asyncio
import contextlib
import signal

from mesh.cli import ending
from mesh.cli.options import Reply
from mesh.cli.views import render
from mesh.hub.failure import BY_SIGNAL, OK


def show(reply: Reply) -> int:
    """Show a reply, and give the exit code. Ctrl-C ends an endless one, which is no failure."""
    return asyncio.run(_show(reply))


async def _show(reply: Reply) -> int:
    loop = asyncio.get_running_loop()
    showing = asyncio.ensure_future(render.show(reply))
    came: list[int] = []

    def stop(number: int) -> None:
        if not came or number == signal.SIGINT:  # cleaning up is not interrupted again
            came.append(number)
            showing.cancel()

    numbers = [one for one in (signal.SIGINT, *ending.SIGNALS) if ending.is_heard(one)]
    for number in numbers:
        loop.add_signal_handler(number, stop, number)
    try:
        await showing
    except (asyncio.CancelledError, OSError):  # a terminal that was closed takes no more
        if not came:
            raise
        told = reply.farewell if isinstance(reply.farewell, str) else reply.farewell()
        if told:
            with contextlib.suppress(OSError):
                render.note(told)
        return OK if reply.many and not reply.unfinished else BY_SIGNAL + came[0]
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
    return OK
