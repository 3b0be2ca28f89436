"""Have somebody at the terminal confirm what a command is about to do to many."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.text import Text

from mesh.hub.cli.layout import clean
from mesh.hub.failure import FAILED, USAGE, Failure

LINE = 1024  # bytes of an answer


def must_be_able(yes: bool) -> None:
    """Failure with code USAGE if nobody can be asked, and --yes was not said."""
    if not yes and not sys.stdin.isatty():
        raise Failure(
            "this can mean several, and there is nobody at the terminal to confirm them",
            "--yes goes on without asking; name one plainly, and nothing is asked",
            USAGE,
        )


async def confirm(question: str, names: Sequence[str]) -> None:
    """Show what is meant, and go on only for a y. Failure if it is not confirmed."""
    shown = Columns([Text(clean(name)) for name in names], padding=(0, 2))
    await _confirm(question, len(names), shown)


async def confirm_lines(question: str, lines: Sequence[str], count: int) -> None:
    """Show what changes of `count` things, line by line, and go on only for a y. Failure."""
    await _confirm(question, count, Text("\n".join(clean(line) for line in lines)))


async def _confirm(question: str, count: int, shown: RenderableType) -> None:
    """Ctrl-C ends the wait, as a blocking prompt in an event loop would not let it."""
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
    try:
        said = (await answer).strip().lower()
    finally:
        loop.remove_reader(stdin)
    if said not in (b"y", b"yes"):
        raise Failure("it was not confirmed, and nothing was done", None, FAILED)


async def some(rows: AsyncGenerator[dict[str, Any], None]) -> AsyncGenerator[Any, None]:
    """Rows as they come; a Failure at their end counts only if there was none of them."""
    came = False
    try:
        async with aclosing(rows):
            async for row in rows:
                came = True
                yield row
    except Failure:
        if not came:
            raise
