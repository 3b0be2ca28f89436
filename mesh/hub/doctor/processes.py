"""Finds the programs that have a UDP port, and which of them are peers."""

from typing import NamedTuple

import psutil

BOARD = "virtual/prelude.py"  # first argument of a virtual board's interpreter
MESH = ("mesh.cli", "/mesh")


class User(NamedTuple):
    """A program that has a port. `peer`: "board" or "desktop" if it is a peer, else ""."""

    words: str
    peer: str = ""


def of_port(port: int) -> list[User]:
    """The programs that have a UDP port, as far as this user may see."""
    try:
        open_sockets = psutil.net_connections("udp")
    except psutil.AccessDenied:
        return []
    pids = {one.pid for one in open_sockets if one.laddr and one.laddr.port == port and one.pid}
    return sorted(_user(pid) for pid in pids)


def listed(users: list[User]) -> str:
    """Their names, or a text if none is known."""
    return ", ".join(user.words for user in users) or "a program of another user"


def name(pid: int) -> str:
    """The name of a process."""
    try:
        return str(psutil.Process(pid).name())
    except psutil.Error:
        return "unknown"


def _user(pid: int) -> User:
    words = f"{name(pid)} (process {pid})"
    try:
        command = psutil.Process(pid).cmdline()
    except psutil.Error:
        return User(words)
    if any(word.endswith(BOARD) for word in command):
        return User(f"a virtual board (process {pid})", "board")
    if any(word.endswith(MESH) for word in command[:3]):
        return User(f"mesh (process {pid})", "desktop")
    return User(words)
