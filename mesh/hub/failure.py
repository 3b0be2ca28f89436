"""Errors of operations: what happened, what to try, and the exit code that a script sees."""

import signal
from collections.abc import Mapping, Sequence
from typing import Any

from mesh.core.errors import MeshError

OK = 0
FAILED = 1  # the operation failed or was refused
USAGE = 2
NOBODY = 3  # no such peer, or none reachable
TIMEOUT = 4
SETUP = 5  # identity, settings or port of this peer
PARTLY = 6  # some of several failed
FAULTY = 70  # EX_SOFTWARE of sysexits.h; restarted by systemd's Restart=on-failure
BY_SIGNAL = 128  # plus the signal's number, as in shells
INTERRUPTED = BY_SIGNAL + signal.SIGINT  # 130

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


class Stopped(KeyboardInterrupt):
    """Raised by a signal that ends a command in order, as Ctrl-C does. `number`: which."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def stopped(error: KeyboardInterrupt) -> tuple[str, int]:
    """What ended a command, and its exit code: Ctrl-C, or another signal."""
    if not isinstance(error, Stopped):
        return "stopped by Ctrl-C", INTERRUPTED
    if error.number == signal.SIGHUP:
        return "stopped, as its terminal was closed", BY_SIGNAL + error.number
    return f"stopped by {signal.Signals(error.number).name}", BY_SIGNAL + error.number


class Failure(MeshError):
    """Base of errors of operations. `code`: the exit code of a command, kept as exit_code."""

    def __init__(self, detail: str, help: str | None = None, code: int = FAILED) -> None:
        super().__init__(detail, help)
        self.exit_code = code
        if help is not None:
            self.add_note(help)  # shown in tracebacks


class NotFound(Failure):
    """No such peer, or no such sensor or actuator of it."""


class Unreachable(Failure):
    """A known peer has no known address, or does not answer at any."""


class NoAnswer(Failure):
    """A peer did not answer in time, or sleeps."""


class Refused(Failure):
    """A peer refused. `code`: its CoAP response code as text, such as "4.03" (RFC 7252 s.5.9);
    `reason`: the reason that it gave.
    """

    def __init__(
        self,
        detail: str,
        help: str | None = None,
        exit_code: int = FAILED,
        code: str = "",
        reason: str = "",
    ) -> None:
        super().__init__(detail, help, exit_code)
        self.code = code
        self.reason = reason


class Partly(Failure):
    """Some of several peers failed. `readings`: results of the others; `failed`: {name:
    reason}.
    """

    def __init__(
        self, detail: str, readings: Sequence[Any] = (), failed: Mapping[str, str] | None = None
    ) -> None:
        self.readings = list(readings)
        self.failed = dict(failed or {})
        said = "; ".join(f"{name}: {why}" for name, why in self.failed.items())
        super().__init__(detail, said or None, PARTLY)


KINDS: Mapping[str, type[Failure]] = {
    kind.__name__: kind for kind in (NotFound, Unreachable, NoAnswer, Refused)
}


def to_plain(error: MeshError) -> dict[str, Any]:
    """An error as plain data for the control socket: "detail", "help", exit "code"; "kind", and of
    a refusal "answer" and "reason", if there are.
    """
    code = error.exit_code if isinstance(error, Failure) else FAILED
    told = {"detail": error.detail, "help": error.help, "code": code}
    if type(error).__name__ in KINDS:
        told["kind"] = type(error).__name__
    if isinstance(error, Refused):
        told |= {"answer": error.code, "reason": error.reason}
    return told


def from_plain(told: Mapping[str, Any]) -> Failure:
    """Rebuild an error from what to_plain() gave."""
    detail, help, code = str(told.get("detail")), told.get("help"), int(told.get("code", FAILED))
    kind = KINDS.get(str(told.get("kind")), Failure)
    if kind is Refused:
        answer, reason = str(told.get("answer", "")), str(told.get("reason", ""))
        return Refused(detail, help, code, answer, reason)
    return kind(detail, help, code)
