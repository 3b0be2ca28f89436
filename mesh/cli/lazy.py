"""Lazy loading of commands with typer: each is loaded when it is called, or its help is shown."""

import importlib
from collections.abc import Sequence
from types import ModuleType
from typing import Annotated, Any

import typer
import typer.main
from typer.core import TyperCommand

from mesh.cli import overview
from mesh.cli.command_table import COMMANDS, GROUPS, MODULES
from mesh.cli.values import Command, Group
from mesh.hub.failure import MEANINGS, Failure, Stopped

PACKAGE = "mesh.cli.commands"
EPILOG = "\n\n".join(
    [
        "PEER is a name, our own name for a peer, or the beginning of its id; `mesh show PEER` "
        "lists its sensors and actuators. Every command has --json, and --help with an example.",
        "Exit codes: "
        + ", ".join(f"{code} {meaning}" for code, meaning in MEANINGS.items())
        + ".",
    ]
)


def make_app() -> typer.Typer:
    """The app with all commands of the table, none of them loaded."""
    app = typer.Typer(
        cls=Group,
        epilog=EPILOG,
        no_args_is_help=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_everywhere)
    groups: dict[str, typer.Typer] = {}
    for name in sorted(COMMANDS, key=_place):
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
            cls=_later(name),
            help=COMMANDS[name],
            rich_help_panel=None if group else overview.group_of(name),
        )(_nothing)
    return app


def module_of(name: str) -> ModuleType:
    """Load the module of a command."""
    return importlib.import_module(f"{PACKAGE}.{MODULES.get(name, name.replace(' ', '_'))}")


def call(arguments: Sequence[str]) -> Any:  # noqa: ANN401 - whatever the command gives
    """Call the command given by these words. Failure with code USAGE for wrong ones."""
    try:
        return make_app()(list(arguments), prog_name="mesh", standalone_mode=False)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)  # of the command that was meant, if known
        if context is not None and context.parent is not None:
            help = f"`{context.command_path} --help` tells how it is used"
        else:
            help = "`mesh --help` lists commands, `mesh COMMAND --help` options"
        name, near = getattr(error, "option_name", ""), getattr(error, "possibilities", None)
        if near in ([], ["--help"]) and context is not None and context.parent is None:
            help = f"options come after the command: mesh COMMAND {name}\n{help}"
        elif near:
            help = f"did you mean {' or '.join(near)}?\n{help}"
        detail = f"no such option: {name}" if near is not None else error.format_message()
        # of a group its help was shown already, and typer has no words for what is missing
        raise Failure(
            detail or "which of them? no command was named", help, error.exit_code
        ) from error
    except typer.Abort as error:  # typer's word for Ctrl-C, and for a question that got no answer
        raise (
            error.__cause__ if isinstance(error.__cause__, Stopped) else KeyboardInterrupt
        ) from error


def _later(name: str) -> type[TyperCommand]:
    """A placeholder command for lists, which loads the real one when needed."""

    class Later(TyperCommand):
        def make_context(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as typer's
            return _loaded(name).make_context(*arguments, **options)

    return Later


def _loaded(name: str) -> Any:  # noqa: ANN401 - typer names no type for it
    """The typer command of a module."""
    module = module_of(name)
    alone = typer.Typer(add_completion=False)
    alone.command(
        name.rpartition(" ")[2],
        cls=Command,
        help=_flowing(module.command.__doc__ or ""),
        epilog=f"Example: {module.EXAMPLE}",
        context_settings={"ignore_unknown_options": hasattr(module, "UNKNOWN_OPTIONS")},
    )(module.command)
    return typer.main.get_command(alone)


def _nothing() -> None:
    """The function of a placeholder, which is never called."""


def _place(name: str) -> tuple[int, int]:
    """The group of a command, and its name there."""
    groups, first = [*overview.GROUPS, overview.OTHER], name.split(maxsplit=1)[0]
    group = overview.group_of(name)
    names = overview.GROUPS.get(group, ())
    return groups.index(group), names.index(first) if first in names else 0


def _flowing(text: str) -> str:
    """Join the lines of paragraphs, as the screen wraps them."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _tell_version(wanted: bool) -> None:
    if wanted:
        from mesh.cli import version  # noqa: PLC0415 - slow to load

        version.tell()
        raise typer.Exit


def _everywhere(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """A mesh of equal peers: who is there, what they measure, what they do."""
