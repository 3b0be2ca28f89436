"""Data to the screen: tables for people, JSON for programs. Nothing else prints."""

import contextlib
import io
import json
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import AsyncExitStack, aclosing
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.text import Text

from mesh.hub.cli.layout import clean, short
from mesh.hub.cli.options import Reply
from mesh.hub.cli.views import VIEWS
from mesh.hub.cli.views_flash import bar
from mesh.hub.plain_json import jsonable
from mesh.hub.words import json_text

WIDE = 10_000  # columns where nobody looks: in a pipe nothing is cut off or wrapped
STEPPED = ("flash", "simulate", "verify")  # shown step by step, with bars in between
REDRAWN = ("peers",)  # shown in place of what was there before, when it comes again


async def show(reply: Reply) -> None:
    """Show each thing that a command gives as it comes."""
    async with aclosing(reply.items):
        if reply.json:
            await _as_json(reply)
        else:
            await _as_text(reply)


async def _as_json(reply: Reply) -> None:
    if reply.many:
        async for item in reply.items:
            _line(_json(item))
        return
    found: list[Any] = []
    try:
        async for item in reply.items:
            found.append(item)  # noqa: PERF401 - kept also when it fails on the way
    finally:
        if found:
            _line(_json(found if reply.listed else found[0], 2))


def _json(item: Any, indent: int | None = None) -> str:  # noqa: ANN401 - whatever a command gives
    """JSON that every program reads, whatever others put into it: no NaN, no surrogates."""
    try:
        text = json.dumps(item, indent=indent, ensure_ascii=False, allow_nan=False)
        text.encode()
    except ValueError:
        text = json.dumps(jsonable(item), indent=indent, ensure_ascii=False, allow_nan=False)
    return json_text(text)


async def _as_text(reply: Reply) -> None:
    view = VIEWS[reply.view]
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
    """All that came in one view, also where a failure or Ctrl-C ends it."""
    found: list[Any] = []
    try:
        with _waiting(reply.until):
            async for item in reply.items:
                found.append(item)  # noqa: PERF401 - kept also when it fails on the way
    finally:
        if found:
            _print(console, VIEWS[reply.view](found))


async def _as_steps(reply: Reply, console: Console) -> None:
    """Lines that stay, and at a terminal below them a bar while something takes long."""
    view = VIEWS[reply.view]
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
    _line("\n".join(clean(line.rstrip()) for line in lines))


def _line(text: str) -> None:
    print(text, flush=True)


def error(detail: str, help: str | None) -> None:
    """Say what went wrong, and what to try."""
    console = Console(stderr=True, highlight=False)
    console.soft_wrap = not console.is_terminal  # there no word is cut in two
    with contextlib.suppress(BrokenPipeError), readers_may_leave():
        console.print(Text("mesh: ", "bold red").append(clean(short(detail)), "default"))
        for line in (help or "").splitlines():
            text = Text(clean(short(line)))
            console.print(
                Padding(text, (0, 0, 0, 2)) if console.is_terminal else Text("  ") + text
            )


@contextlib.contextmanager
def plain_output() -> Iterator[TextIO]:
    """Where a result goes that is a file for other programs: UTF-8, and its own line ends."""
    sys.stdout.flush()
    file = io.TextIOWrapper(sys.stdout.buffer, "utf-8", newline="", write_through=False)
    try:
        yield file
        file.flush()
    finally:
        with contextlib.suppress(BrokenPipeError):
            file.detach()


def say(text: str) -> None:
    """One line of a result that is no more than that."""
    _line(text)


def note(text: str) -> None:
    """Something for a person that is not the result."""
    Console(stderr=True, highlight=False).print(Text(clean(text), "dim"))


@contextlib.contextmanager
def readers_may_leave() -> Iterator[None]:
    """Let BrokenPipeError be that, where rich makes it the end of the process."""
    try:
        yield
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):
            raise end.__context__ from None
        raise


def prepare() -> None:
    """Let no character that a terminal does not know end a command, nor a stream that is closed:
    what is opened next would have its number, and get what is written there.
    """
    if not sys.warnoptions:  # warnings of Python and of libraries are for who asks for them
        warnings.simplefilter("ignore")
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, open(nowhere, mode, closefd=False))  # noqa: SIM115 - to the end
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def abandon() -> None:
    """Whoever read our output has gone: say nothing more, also not when Python ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
