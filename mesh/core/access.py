"""Who may read and who may set what: the peer's own settings decide, and nobody else."""

from mesh.core.errors import RemoteError

ALL = "all"
NOBODY = "nobody"


class Access:
    """Rules of the settings. share: {path: "all", "nobody" or [ids]}; allow: {actuator: [ids]}."""

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
        """Raise RemoteError 4.03 (4.01 to somebody unsigned) unless `who` may read `path`."""
        rule = self._rule(path)
        if self.may_read(path, who):
            return
        if rule == NOBODY:
            raise RemoteError("its owner shares this with nobody", 0x83)
        if who is None:
            raise RemoteError("shared with named peers only", 0x81, "ask with a signed FETCH")
        raise RemoteError("shared with named peers, and you are not one", 0x83)

    def may_read(self, path: str, who: "bytes | None") -> bool:
        """Whether `who`, None for somebody unsigned, may read `path`."""
        rule = self._rule(path)
        return rule == ALL or (who is not None and not isinstance(rule, str) and who in rule)

    def is_open(self, path: str) -> bool:
        """Whether a path is shared with all: what is not stays out of feeds and of lists."""
        return self._rule(path) == ALL

    def _rule(self, path: str) -> "str | list[bytes]":
        """What holds for a path: its own rule, or that of the resource above it."""
        above = path[: path.rfind("/")] if path.count("/") > 1 else path
        return self._share.get(path, self._share.get(above, ALL))  # [] is a rule: nobody

    def check_set(self, actuator: str, who: bytes) -> None:
        """Raise RemoteError 4.03 unless `who` may set it: by default only who introduced us."""
        allowed = self._allow.get(actuator)
        if allowed is None:
            allowed = [self._holder] if self._holder else []
        if who not in allowed:
            raise RemoteError(
                "this peer lets only chosen peers set " + actuator,
                0x83,
                "its holder can list you under actuators." + actuator + ".allow",
            )
