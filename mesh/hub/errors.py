"""Errors that only a desktop tells apart."""

from mesh.core.errors import RemoteError


class NoAnswer(RemoteError):
    """Nobody answered in time."""

    def __init__(self, detail: str, help: str | None = None) -> None:
        super().__init__(detail, 0xA4, help)
