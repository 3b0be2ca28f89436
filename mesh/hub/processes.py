"""Which programs of this computer have a UDP port, and whether they are peers themselves."""

from typing import NamedTuple

import psutil

BOARD = "virtual_prelude.py"  # the first that a virtual board's interpreter is given
MESH = ("mesh.hub.cli", "/mesh")


class User(NamedTuple):
    """Who has a port; `peer`: it is a peer of the mesh, "board" or "desktop", else nothing."""

    words: str
    peer: str = ""


def of_port(port: int) -> list[User]:
    """The programs that have a UDP port, as far as this user may know."""
    try:
        open_sockets = psutil.net_connections("udp")
    except psutil.AccessDenied:
        return []
    pids = {one.pid for one in open_sockets if one.laddr and one.laddr.port == port and one.pid}
    return sorted(_user(pid) for pid in pids)


def listed(users: list[User]) -> str:
    """Their names; what to say where nothing is known of them."""
    return ", ".join(user.words for user in users) or "a program of another user"


def name(pid: int) -> str:
    """What a process is called."""
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
