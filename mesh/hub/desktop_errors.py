"""Error classes of a desktop only."""

from mesh.core import codes
from mesh.core.errors import RemoteError


class Unanswered(RemoteError):
    """No answer came in time."""

    def __init__(self, detail: str, help: str | None = None) -> None:
        super().__init__(detail, codes.TIMEOUT, help)
