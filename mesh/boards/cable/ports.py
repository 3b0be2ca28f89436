"""Serial ports: which process holds one, and whether one has gone."""

import os
from pathlib import Path

GONE = ("readiness to read but returned no data", "device disconnected", "Input/output error")


def holder(port: str, own: bool = False) -> str:
    """The process that has a port open, from /proc: its name and number, or "".

    `own`: whether this process counts.
    """
    there = os.path.realpath(port)
    for folder in Path("/proc").glob("[0-9]*/fd"):
        pid = folder.parent.name
        if pid == str(os.getpid()) and not own:
            continue
        try:
            if any(os.readlink(folder / file) == there for file in os.listdir(folder)):
                name = (folder.parent / "comm").read_text(encoding="utf-8").strip()
                return f"{name}, process {pid}"
        except OSError:  # another user's process, or one that has just ended
            continue
    return ""


def is_gone(port: str, error: Exception) -> bool:
    """Whether this error means that the port is gone: the cable was pulled, or the board
    restarts.
    """
    return not os.path.exists(port) or any(word in str(error) for word in GONE)
