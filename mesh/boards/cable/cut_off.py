"""Error message for a command that was interrupted while it changed a board over its cable."""

import contextlib
from collections.abc import Iterator

from mesh.boards.mishaps import Mishap
from mesh.hub.failure import Failure, stopped

AGAIN = "repeat the same command: it goes on where this one ended"


@contextlib.contextmanager
def telling(safe: str) -> Iterator[None]:
    """A context that turns an error, Ctrl-C or another signal into a Failure that says what is
    `safe` and what to do.

    The table of mishaps has that for writing files; other work has other words.
    """
    try:
        yield
    except Mishap as error:
        _, _, todo = (error.help or "").partition("\n")
        raise Failure(error.detail, f"safe: {safe}\n{todo}", error.exit_code) from error
    except KeyboardInterrupt as error:
        what, code = stopped(error)
        raise Failure(what, f"safe: {safe}\nnext: {AGAIN}", code) from None
