"""What the commands for boards on a cable share."""

import os
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.core.errors import LocalError
from mesh.hub import text, usb
from mesh.hub.backup import SHORTEST
from mesh.hub.failure import USAGE, Failure

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
    """The port that is meant. Failure if that is not clear."""
    return usb.choose(port or None)


async def one(item: Any) -> AsyncGenerator[Any, None]:  # noqa: ANN401 - whatever its view shows
    """What a command that is done has to show."""
    yield item


def sure(question: str, yes: bool) -> None:
    """Ask whether it may be done. Failure where nobody can be asked; typer.Abort on no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure(question, "nobody is there to be asked: --yes does it all the same", USAGE)
    typer.confirm(question, abort=True, err=True)


def passphrase(file: Path | None, new: bool) -> str:
    """A passphrase, never out of the command line. Failure if none. `new`: asked twice."""
    if file is not None:
        try:
            found = text.required(file).partition("\n")[0].rstrip("\r")
        except LocalError as error:
            raise Failure(error.detail, error.help, USAGE) from error
    elif PASSPHRASE in os.environ:
        found = os.environ[PASSPHRASE]
    elif sys.stdin.isatty():
        words = f"Passphrase, {SHORTEST} characters or more" if new else "Passphrase"
        found = str(typer.prompt(words, hide_input=True, confirmation_prompt=new, err=True))
    else:
        help = f"give it in ${PASSPHRASE}, or in a file with --passphrase-file"
        raise Failure("nobody is there to be asked for the passphrase", help, USAGE)
    return found
