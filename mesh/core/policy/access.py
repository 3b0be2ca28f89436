"""Access control: who may read and who may set what; decided by the peer's own settings alone."""

from mesh.core import codes
from mesh.core.errors import RemoteError

ALL = "all"
NOBODY = "nobody"


class Access:
    """Access rules from the settings. `share`: {path: "all", "nobody" or [ids]}, for reading;
    `allow`: {actuator: [ids]}, for setting; `holder`: who introduced this peer.
    """

    def __init__(
        self,
        share: dict[str, str | list[bytes]],
        allow: dict[str, list[bytes]],
        holder: "bytes | None",
    ) -> None:
        self._share = share
        self._allow = allow
        self._holder = holder

    def check_read(self, path: str, who: "bytes | None") -> None:
        """RemoteError unless `who` may read `path`: 4.03, or 4.01 if the request is not signed."""
        rule = self._rule(path)
        if self.may_read(path, who):
            return
        if rule == NOBODY:
            raise RemoteError("its owner shares this with nobody", codes.FORBIDDEN)
        if who is None:
            raise RemoteError(
                "shared with named peers only", codes.UNAUTHORIZED, "ask with a signed FETCH"
            )
        raise RemoteError("shared with named peers only", codes.FORBIDDEN)

    def may_read(self, path: str, who: "bytes | None") -> bool:
        """Whether `who` may read `path`; None stands for an unsigned request."""
        rule = self._rule(path)
        return rule == ALL or (who is not None and not isinstance(rule, str) and who in rule)

    def is_open(self, path: str) -> bool:
        """Whether a path is shared with all. Other paths are left out of feeds and lists."""
        return self._rule(path) == ALL

    def _rule(self, path: str) -> "str | list[bytes]":
        """The rule of a path: its own, or that of the resource above it."""
        above = path[: path.rfind("/")] if path.count("/") > 1 else path
        # an empty list is a rule: nobody
        return self._share.get(path, self._share.get(above, ALL))

    def check_set(self, actuator: str, who: bytes) -> None:
        """RemoteError 4.03 unless `who` may set an actuator: by default only the holder may."""
        allowed = self._allow.get(actuator)
        if allowed is None:
            allowed = [self._holder] if self._holder else []
        if who not in allowed:
            raise RemoteError(
                "this peer lets only chosen peers set " + actuator,
                codes.FORBIDDEN,
                "its holder can list you under actuators." + actuator + ".allow",
            )
