"""Errors by origin: the local caller, or the remote peer."""

from mesh.core import codes


class MeshError(Exception):
    """Base of all errors of the mesh. `help` says what to try, or is None."""

    def __init__(self, detail: str, help: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.help = help


class LocalError(MeshError):
    """The local caller asked for what cannot be done."""


class RemoteError(MeshError):
    """Something received from outside is wrong. `code`: the CoAP code to answer it (RFC 7252
    s.12.1.2).
    """

    def __init__(
        self, detail: str, code: int = codes.BAD_REQUEST, help: str | None = None
    ) -> None:
        super().__init__(detail, help)
        self.code = code


class Stale(RemoteError):
    """A possible replay, answered by 4.01 with `echo` (RFC 9175 s.2.3), if not None."""

    def __init__(self, detail: str, echo: bytes | None) -> None:
        help = "repeat it with this Echo value" if echo else None
        super().__init__(detail, codes.UNAUTHORIZED, help)
        self.echo = echo
