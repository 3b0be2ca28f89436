"""Looking until something has come about."""

import time

from ledger import LOOK_S


def look(met, told, most_s=60):
    """Look again and again until met() gives something; that."""
    deadline = time.monotonic() + most_s
    while not (found := met()):
        assert time.monotonic() < deadline, told()
        time.sleep(LOOK_S)  # a file, and who says nothing more, tell nobody
    return found
