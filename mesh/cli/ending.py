"""Signals that end a command: SIGTERM, and SIGHUP when its terminal is closed, act like Ctrl-C, so
that the command cleans up.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator

from mesh.hub.failure import Stopped

SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def in_order() -> Iterator[None]:
    """A context in which these signals raise Stopped, once, so that cleaning up is not
    interrupted. A signal that was ignored stays so, as under nohup.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # other threads receive no signals
        return
    former = {one: signal.getsignal(one) for one in SIGNALS if is_heard(one)}

    def stop(number: int, _: object) -> None:
        for one in former:
            signal.signal(one, signal.SIG_IGN)
        raise Stopped(number)

    for one in former:
        signal.signal(one, stop)
    try:
        yield
    finally:
        for one, handler in former.items():
            signal.signal(one, handler)


def is_heard(number: signal.Signals) -> bool:
    """Whether the signal was not ignored before this command began."""
    return signal.getsignal(number) is not signal.SIG_IGN
