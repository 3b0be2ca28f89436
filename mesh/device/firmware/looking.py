"""Whether this board accepts updates: only if its settings name peers that may offer them."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.policy.settings import Profile
    from mesh.device.board import Board
    from mesh.device.console import Console
    from mesh.device.firmware.asked import Boot


def begin(
    board: "Board",
    profile: "Profile",
    boot: "Boot | None",
    console: "Console",
    read: "Callable[..., Any]",
) -> None:
    """Look for updates from now on, if there are peers to take them from, and a boot selector."""
    if boot is not None and (profile.updates or profile.settings_from):
        from mesh.device.firmware.updates import Updates  # noqa: PLC0415 - heap only where it is used

        board.loop.also(Updates(board.loop, profile, boot, console, board.stop, read).run)
