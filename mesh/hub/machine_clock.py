"""Whether this computer's clock is synchronised, according to its kernel."""

import ctypes

TIMEX_BYTES = 512  # more than any struct timex
TIME_ERROR = 5  # adjtimex(2), ntp_adjtime(3): the clock is not synchronised
CALLS = ("adjtimex", "ntp_adjtime")  # on Linux; on macOS and the BSDs


def is_synchronised() -> bool | None:
    """Whether the clock is synchronised; None if the kernel does not say. Changes nothing.

    In a container it is the host's clock that counts.
    """
    try:
        system = ctypes.CDLL(None)
    except OSError:
        return None
    for name in CALLS:
        call = getattr(system, name, None)
        if call is not None:
            state: int = call(ctypes.create_string_buffer(TIMEX_BYTES))  # modes 0: only a query
            return None if state < 0 else state != TIME_ERROR
    return None
