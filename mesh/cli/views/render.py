"""Renders replies: tables for people, JSON for programs."""

import contextlib
import json
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, aclosing
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.text import Text

from mesh.cli.options import Reply
from mesh.cli.views.layout import clean, short
from mesh.cli.views.output import line, readers_may_leave
from mesh.cli.views.viewing import view_of
from mesh.hub.foreign.plain_json import jsonable
from mesh.hub.show.words import json_text

WIDE = 10_000  # columns in a pipe, so that nothing is cut off or wrapped
STEPPED = (
    "export_runs",
    "flash",
    "import",
    "simulate",
    "verify",
)  # views shown step by step, with progress bars
REDRAWN = ("peers", "promises")  # views that replace their former content


async def show(reply: Reply) -> None:
    """Show the items of a reply as they come."""
    async with aclosing(reply.items):
        if reply.json:
            await _as_json(reply)
        else:
            await _as_text(reply)


async def _as_json(reply: Reply) -> None:
    if reply.many:
        async for item in reply.items:
            line(_json(item))
        return
    found: list[Any] = []
    try:
        async for item in reply.items:
            found.append(item)  # noqa: PERF401 - kept also when it fails on the way
    finally:
        if found:
            line(_json(found if reply.listed else found[0], 2))


def _json(item: Any, indent: int | None = None) -> str:  # noqa: ANN401 - whatever a command gives
    """JSON that every program can read, whatever others wrote into it: no NaN, no surrogates."""
    try:
        text = json.dumps(item, indent=indent, ensure_ascii=False, allow_nan=False)
        text.encode()
    except ValueError:
        text = json.dumps(jsonable(item), indent=indent, ensure_ascii=False, allow_nan=False)
    return json_text(text)


async def _as_text(reply: Reply) -> None:
    view = view_of(reply.view)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
    if reply.view in STEPPED:
        await _as_steps(reply, console)
        return
    if reply.together:
        await _as_one(reply, console)
        return
    async with AsyncExitStack() as stack:
        waiting = stack.enter_context(contextlib.ExitStack())
        waiting.enter_context(_waiting(reply.until))
        live: Live | None = None
        came = False
        async for item in reply.items:
            waiting.close()
            came = True
            if reply.many and reply.view in REDRAWN and console.is_terminal:
                if live is None:
                    live = stack.enter_context(Live(console=console, auto_refresh=False))
                live.update(view(item), refresh=True)
            else:
                _print(console, view(item))
        if reply.nothing and not came:
            note(reply.nothing)


async def _as_one(reply: Reply, console: Console) -> None:
    """Show all items in one view, also after a failure or Ctrl-C."""
    found: list[Any] = []
    try:
        with _waiting(reply.until):
            async for item in reply.items:
                found.append(item)  # noqa: PERF401 - kept also when it fails on the way
    finally:
        if found:
            _print(console, view_of(reply.view)(found))


async def _as_steps(reply: Reply, console: Console) -> None:
    """Show lines that stay, and at a terminal a progress bar below them."""
    from mesh.cli.views.flash_view import bar  # noqa: PLC0415 - most replies have no steps

    view = view_of(reply.view)
    with contextlib.ExitStack() as stack:
        live = None
        if console.is_terminal:
            live = Live(Text(), console=console, transient=True, auto_refresh=False)
            stack.enter_context(live)
        async for item in reply.items:
            is_bar = item["event"] == "progress"
            if live is not None:
                live.update(bar(item) if is_bar else Text(), refresh=True)
            shown = None if is_bar else view(item)
            if shown is not None:
                _print(console, shown)


@contextlib.contextmanager
def _waiting(until: str) -> Iterator[None]:
    console = Console(stderr=True)
    if not until or not console.is_terminal:
        yield
        return
    with console.status(Text(f"{clean(until)} ...")):
        yield


def _print(console: Console, what: RenderableType) -> None:
    if console.is_terminal:
        console.print(what)
        return
    with console.capture() as captured:
        console.print(what)
    lines = captured.get().rstrip("\n").split("\n")
    line("\n".join(clean(line.rstrip()) for line in lines))


def error(detail: str, help: str | None) -> None:
    """Show an error, and what to try."""
    console = Console(stderr=True, highlight=False)
    console.soft_wrap = not console.is_terminal  # a pipe is not wrapped
    with contextlib.suppress(OSError), readers_may_leave():  # the reader may be gone
        console.print(Text("mesh: ", "bold red").append(clean(short(detail)), "default"))
        for line in (help or "").splitlines():
            text = Text(clean(short(line)))
            console.print(
                Padding(text, (0, 0, 0, 2)) if console.is_terminal else Text("  ") + text
            )


def note(text: str) -> None:
    """Show a message that is not part of the result."""
    Console(stderr=True, highlight=False).print(Text(clean(text), "dim"))
