"""Whether this board looks for firmware and settings: if its own say whose it takes."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.settings import Profile
    from mesh.device.board import Board
    from mesh.device.console import Console
    from mesh.device.start import Boot


def begin(board: "Board", profile: "Profile", boot: "Boot | None", console: "Console") -> None:
    """Have it look from now on, where there is somebody to take them of and a way to swap."""
    if boot is not None and (profile.updates or profile.settings_from):
        from mesh.device.update import Updates  # noqa: PLC0415 - heap only where it is used

        board.loop.also(Updates(board.loop, profile, boot, console, board.stop).run)
