"""The command `mesh`: the table of commands, and main(), which alone reports errors and exits."""

import asyncio
import importlib
import importlib.metadata
import os
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from mesh.core.errors import LocalError, MeshError
from mesh.hub.cli import guesses, overview, render, system_errors
from mesh.hub.cli.options import Reply
from mesh.hub.errors import NoAnswer
from mesh.hub.failure import FAILED, INTERRUPTED, MEANINGS, OK, SETUP, TIMEOUT, Failure

# Each is a module of that name here ("board list": board_list) with command() and EXAMPLE;
# UNKNOWN_OPTIONS makes -5 a value.
COMMANDS = (
    "up",
    "demo",
    "id",
    "peers",
    "show",
    "read",
    "watch",
    "set",
    "name",
    "forget",
    "update",
    "settings",
    "get",
    "log",
    "history",
    "export",
    "verify",
    "store",
    "doctor",
    "docs",
    "flash",
    "board virtual",
    "board list",
    "board monitor",
    "board settings",
    "board backup",
    "board restore",
    "board renew",
    "board erase",
    "firmware build",
    "firmware check",
    "hardware list",
    "hardware show",
    "hardware check",
    "hardware wiring",
    "hardware power",
    "simulate",
)

COMPLETING = "_MESH_COMPLETE"  # as typer has it for a program of that name
GROUPS = {  # the first words of commands that have two
    "board": "A board on a cable: find it, look at it, keep a copy of it.",
    "firmware": "What goes on a board.",
    "hardware": "Boards, sensors and actuators: pins, wiring, and how long a battery lasts.",
}

EPILOG = "\n\n".join(
    [
        "PEER is a name, our own name for a peer, or the beginning of its id; `mesh show PEER` "
        "lists its sensors and actuators. Every command has --json, and --help with an example.",
        "Exit codes: "
        + ", ".join(f"{code} {meaning}" for code, meaning in MEANINGS.items())
        + ".",
    ]
)


def make_app(names: Sequence[str] = COMMANDS) -> typer.Typer:
    """These commands of the table, with their help and examples."""
    app = typer.Typer(
        epilog=EPILOG,
        no_args_is_help=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_everywhere)
    groups: dict[str, typer.Typer] = {}
    for name in sorted(names, key=_place):
        module = importlib.import_module(f"{__name__}.{name.replace(' ', '_')}")
        group, _, last = name.rpartition(" ")
        if group and group not in groups:
            groups[group] = typer.Typer(no_args_is_help=True)
            app.add_typer(
                groups[group],
                name=group,
                help=GROUPS[group],
                short_help=overview.clause(GROUPS[group]),
                rich_help_panel=overview.group_of(group),
            )
        (groups[group] if group else app).command(
            last,
            help=_flowing(module.command.__doc__),
            short_help=overview.clause(module.command.__doc__),
            rich_help_panel=None if group else overview.group_of(name),
            epilog=f"Example: {module.EXAMPLE}",
            context_settings={"ignore_unknown_options": hasattr(module, "UNKNOWN_OPTIONS")},
        )(module.command)
    return app


def _place(name: str) -> tuple[int, int]:
    """Where a command stands: by its group, and in it as the group has it."""
    groups, first = [*overview.GROUPS, overview.OTHER], name.split(maxsplit=1)[0]
    group = overview.group_of(name)
    names = overview.GROUPS.get(group, ())
    return groups.index(group), names.index(first) if first in names else 0


def _help_of(name: str) -> str:
    """The help text of a command, or of a group of them."""
    if name in GROUPS:
        return GROUPS[name]
    return str(importlib.import_module(f"{__name__}.{name}").command.__doc__)


def _flowing(text: str) -> str:
    """Paragraphs without the line breaks that the source has: the screen has its own."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _tell_version(wanted: bool) -> None:
    if wanted:
        render.say(f"othermesh {importlib.metadata.version('othermesh')}")
        raise typer.Exit


def _everywhere(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """A mesh of equal peers: who is there, what they measure, what they do."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit as mesh.hub.failure says."""
    render.prepare()
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command; gives its exit code, and has reported what went wrong."""
    try:
        with render.readers_may_leave():
            return _carry_out(arguments)
    except typer.TyperException as error:  # wrong usage
        context = getattr(error, "ctx", None)  # of the command that was meant, once there is one
        if context is not None and context.parent is not None:
            help = f"`{context.command_path} --help` tells how it is used"
        else:
            help = "`mesh --help` lists commands, `mesh COMMAND --help` options"
        render.error(error.format_message(), help)
        return error.exit_code
    except MeshError as error:
        render.error(error.detail, error.help)
        return _exit_code(error)
    except BrokenPipeError:
        render.abandon()
        return OK  # who read it had enough
    except OSError as error:  # a full disk, a folder that is a file
        render.error(*system_errors.told(error))
        return SETUP
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED


def _carry_out(arguments: Sequence[str]) -> int:
    guesses.lead(arguments, COMMANDS)
    completing = COMPLETING in os.environ  # a shell asks, and gives what was typed elsewhere
    if not arguments and not completing:
        render.say(overview.text({name.split()[0] for name in COMMANDS}, _help_of))
        return OK
    app = make_app(COMMANDS if completing else _meant(arguments))
    result = app(list(arguments), prog_name="mesh", standalone_mode=False)
    if isinstance(result, Reply):
        return asyncio.run(_show(result))
    return result if isinstance(result, int) else OK


def _meant(arguments: Sequence[str]) -> Sequence[str]:
    """The commands that the first word can mean: no others are loaded, which takes as long again.
    All where it is none of them, or an option.
    """
    meant = [name for name in COMMANDS if name.split()[0] == arguments[0]]
    return meant or COMMANDS


def _exit_code(error: MeshError) -> int:
    if isinstance(error, Failure):
        return error.code
    if isinstance(error, NoAnswer):
        return TIMEOUT
    return SETUP if isinstance(error, LocalError) else FAILED


async def _show(reply: Reply) -> int:
    """Show a reply. Ctrl-C ends what goes on and on; that is no failure."""
    loop = asyncio.get_running_loop()
    showing = asyncio.ensure_future(render.show(reply))
    stops = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in stops:
        loop.add_signal_handler(number, showing.cancel)
    try:
        await showing
    except asyncio.CancelledError:
        if reply.farewell:
            render.note(reply.farewell)
        return OK if reply.many and not reply.unfinished else INTERRUPTED
    finally:
        for number in stops:
            loop.remove_signal_handler(number)
    return OK
