"""Parts that only some boards have, by their settings: updates, an access point for set-up."""

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
    """Look for updates from now on, if there are peers to take them from, and a boot selector; and
    be ready to open an access point, if there is a code for it.
    """
    if boot is not None and (profile.updates or profile.settings_from):
        from mesh.device.firmware.updates import Updates  # noqa: PLC0415 - heap only where it is used

        board.loop.also(Updates(board.loop, profile, boot, console, board.stop, read).run)
    if profile.setup and not profile.sleep:
        from mesh.device.access_point import AccessPoint  # noqa: PLC0415 - as above

        AccessPoint(board, profile, boot, read)
