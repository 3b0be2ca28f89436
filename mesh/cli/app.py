"""main() of the command `mesh`, the only place that reports errors and exits.

A command imports what it needs: the version and the overview need neither typer nor rich, and
`mesh --help` imports no command.
"""

import os
import sys
from collections.abc import Sequence

from mesh.cli import ending, guesses, overview, system_errors
from mesh.cli.command_table import COMMANDS, GROUPS
from mesh.cli.views import output
from mesh.core.errors import LocalError, MeshError
from mesh.hub.desktop_errors import Unanswered
from mesh.hub.failure import FAILED, OK, SETUP, TIMEOUT, Failure, stopped

COMPLETING = "_MESH_COMPLETE"  # typer's variable for a program of that name


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit, with the codes of mesh.hub.failure."""
    output.prepare()
    code = run(sys.argv[1:] if arguments is None else arguments)
    output.finish()
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run a command. Gives its exit code; errors were reported."""
    try:
        with output.readers_may_leave(), ending.in_order():
            return _carry_out(arguments)
    except MeshError as error:
        _report(error.detail, error.help)
        return _exit_code(error)
    except BrokenPipeError:
        output.abandon()
        return OK  # the reader of our output has gone
    except OSError as error:  # a full disk, a folder that is a file
        _report(*system_errors.told(error))
        return SETUP
    except KeyboardInterrupt as error:
        return stopped(error)[1]


def _carry_out(arguments: Sequence[str]) -> int:
    guesses.lead(arguments, COMMANDS)
    # a shell asks for completions; the words are in the environment
    completing = COMPLETING in os.environ
    if not arguments and not completing:
        output.line(overview.text(_lines()))
        return OK
    if list(arguments) == ["--version"] and not completing:
        from mesh.cli import version  # noqa: PLC0415 - as long again as all the rest

        version.tell()
        return OK
    from mesh.cli import lazy  # noqa: PLC0415 - typer

    result = lazy.call(arguments)
    if result is None or isinstance(result, int):
        return result or OK
    from mesh.cli.views import showing  # noqa: PLC0415 - asyncio and rich

    return showing.show(result)


def _lines() -> dict[str, str]:
    """The line of each first word."""
    return {
        first: overview.clause(GROUPS[first]) if first in GROUPS else told
        for name, told in COMMANDS.items()
        for first in name.split(maxsplit=1)[:1]
    }


def _report(detail: str, help: str | None) -> None:
    from mesh.cli.views import render  # noqa: PLC0415 - rich, which no error needs that there is not

    render.error(detail, help)


def _exit_code(error: MeshError) -> int:
    if isinstance(error, Failure):
        return error.exit_code
    if isinstance(error, Unanswered):
        return TIMEOUT
    return SETUP if isinstance(error, LocalError) else FAILED
