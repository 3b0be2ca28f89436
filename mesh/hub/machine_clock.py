"""Whether something keeps this machine's clock right, as its kernel says."""

import ctypes

TIMEX_BYTES = 512  # more than any struct timex
TIME_ERROR = 5  # adjtimex(2), ntp_adjtime(3): the clock is not synchronised
CALLS = ("adjtimex", "ntp_adjtime")  # of Linux; of macOS and the BSDs


def is_synchronised() -> bool | None:
    """Whether the clock is synchronised; None if the kernel does not tell. Changes nothing.

    A container is told of the clock of its host, which is its own.
    """
    try:
        system = ctypes.CDLL(None)
    except OSError:
        return None
    for name in CALLS:
        call = getattr(system, name, None)
        if call is not None:
            state: int = call(ctypes.create_string_buffer(TIMEX_BYTES))  # modes 0: only asks
            return None if state < 0 else state != TIME_ERROR
    return None
