"""How a command fails: what happened, what to try, and the exit code that a script sees."""

from mesh.core.errors import MeshError

OK = 0
FAILED = 1  # what was asked for failed or was refused
USAGE = 2
NOBODY = 3  # no such peer, or nobody there
TIMEOUT = 4
SETUP = 5  # our own identity, settings or port
PARTLY = 6  # of several some failed
FAULTY = 70  # as sysexits.h has it, EX_SOFTWARE; systemd's Restart=on-failure starts it anew
INTERRUPTED = 130  # as shells say it: 128 + SIGINT

MEANINGS = {
    OK: "done",
    FAILED: "it failed or was refused",
    USAGE: "wrong usage",
    NOBODY: "no such peer, or nobody there",
    TIMEOUT: "no answer in time",
    SETUP: "this computer's own set-up is wrong",
    PARTLY: "of several peers some failed",
    FAULTY: "`mesh up` ended by faults of its own, again and again",
}


class Failure(MeshError):
    """What a command could not do. `code` is the exit code."""

    def __init__(self, detail: str, help: str | None = None, code: int = FAILED) -> None:
        super().__init__(detail, help)
        self.code = code
