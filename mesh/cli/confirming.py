"""Asks for confirmation at the terminal before a command acts on many peers."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.text import Text

from mesh.cli.views.layout import clean
from mesh.hub.failure import FAILED, INTERRUPTED, USAGE, Failure

LINE = 1024  # most bytes of an answer


def must_be_able(yes: bool) -> None:
    """Failure with code USAGE if there is no terminal to ask at, and no --yes."""
    if not yes and not sys.stdin.isatty():
        raise Failure(
            "this can mean several, and there is nobody at the terminal to confirm them",
            "--yes goes on without asking; name one plainly, and nothing is asked",
            USAGE,
        )


async def confirm(question: str, names: Sequence[str]) -> None:
    """Show the peers, and continue only after "y". Failure otherwise."""
    shown = Columns([Text(clean(name)) for name in names], padding=(0, 2))
    await _confirm(question, len(names), shown)


async def confirm_lines(question: str, lines: Sequence[str], count: int) -> None:
    """Show changes of `count` things line by line, and continue only after "y". Failure
    otherwise.
    """
    await _confirm(question, count, Text("\n".join(clean(line) for line in lines)))


async def _confirm(question: str, count: int, shown: RenderableType) -> None:
    """Ask. Ctrl-C means no, and ends the wait, which a blocking prompt in an event loop would
    not.
    """
    console = Console(stderr=True, highlight=False)
    console.print(Text(f"{clean(question)}: {count}", "bold"))
    console.print(shown)
    console.print(Text("Go on? [y/N] "), end="")
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()
    stdin = sys.stdin.fileno()

    def typed() -> None:
        if not answer.done():
            answer.set_result(os.read(stdin, LINE))

    loop.add_reader(stdin, typed)
    said, code = b"", FAILED
    try:
        said = await answer
    except asyncio.CancelledError:
        code = INTERRUPTED
    finally:
        loop.remove_reader(stdin)
    if not said.endswith(b"\n"):
        console.print()  # Ctrl-C and Ctrl-D do not end the line
    if said.strip().lower() not in (b"y", b"yes"):
        raise Failure("it was not confirmed, and nothing was done", None, code)


async def some(rows: AsyncGenerator[dict[str, Any], None]) -> AsyncGenerator[Any, None]:
    """Pass on rows as they come. A Failure at their end only counts if there was no row."""
    came = False
    try:
        async with aclosing(rows):
            async for row in rows:
                came = True
                yield row
    except Failure:
        if not came:
            raise
