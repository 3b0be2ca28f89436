"""Options of the commands for boards on a cable."""

import os
import sys
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.boards.cable import usb
from mesh.boards.cable.backup import SHORTEST
from mesh.cli.typed import as_typed, check_target
from mesh.hub.failure import USAGE, Failure
from mesh.hub.home import text

PASSPHRASE = "MESH_PASSPHRASE"  # noqa: S105 - the name of a variable

Port = Annotated[
    str,
    typer.Argument(metavar="[PORT]", help="Its serial port, if there are several boards."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        help=f"Its first line is the passphrase; else ${PASSPHRASE}, or you are asked.",
    ),
]


def choose(port: str) -> str:
    """The port that is meant. Failure if it is ambiguous."""
    return usb.choose(port or None)


def port_and_file(words: Sequence[str], command: str) -> tuple[str, Path]:
    """Split the words of `mesh board COMMAND` into port, "" if left out, and file. Failure for
    other words; also for a port without a file, which would be read for ever.
    """
    *port, name = words
    if len(port) > 1:
        raise Failure("one port and one file", f"mesh board {command} --help", USAGE)
    if not port and Path(name).is_char_device():
        help = f"mesh board {command} {name} greenhouse.copy"
        raise Failure(f"{name} is a port, and no file is named", help, USAGE)
    return (port[0] if port else ""), Path(name)


def must_be_new(file: Path) -> None:
    """Failure if a file exists already, or its folder does not."""
    if file.exists():
        raise Failure(f"{file} is there already", "it is never overwritten", USAGE)
    check_target(file)


async def one(item: Any) -> AsyncGenerator[Any, None]:  # noqa: ANN401 - whatever its view shows
    """The reply with a single item."""
    yield item


def sure(question: str, yes: bool) -> None:
    """Ask for confirmation. Failure without a terminal; typer.Abort on no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure(
            question, "there is no terminal to ask at: --yes goes on without asking", USAGE
        )
    typer.confirm(question, abort=True, err=True)


def passphrase(file: Path | None, new: bool) -> str:
    """Ask for a passphrase; never an option. Failure if none. `new`: asked twice."""
    if file is not None:
        with as_typed():
            found = text.required(file).partition("\n")[0].rstrip("\r")
    elif PASSPHRASE in os.environ:
        found = os.environ[PASSPHRASE]
    elif sys.stdin.isatty():
        words = f"Passphrase, {SHORTEST} characters or more" if new else "Passphrase"
        found = str(typer.prompt(words, hide_input=True, confirmation_prompt=new, err=True))
    else:
        help = f"give it in ${PASSPHRASE}, or in a file with --passphrase-file"
        raise Failure("there is no terminal to ask for the passphrase at", help, USAGE)
    return found
