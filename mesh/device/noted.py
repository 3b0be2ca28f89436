"""Rollback marks of a board besides its journal, compared at its start.

The file `last`: a mark of this key on this chip (8 bytes), starts (4), a stored seq (8). If the
journal ends before that seq, the counter has fewer starts, or the mark differs, then files were
put back, or cloned to another chip.
"""

from mesh.core.errors import LocalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FILE = "last"
SKIP = 1 << 40  # counters to skip if some may have been used since a copy
MOST_LIMIT = 1 << 59
SIZE = 20  # bytes of the file


def chip() -> bytes:
    """The unique id of this chip; "" if it has none."""
    try:
        import machine  # noqa: PLC0415 - boards only

        return bytes(machine.unique_id())
    except (ImportError, AttributeError):
        return b""


class Places:
    """The marks. `read` as in mesh.device.identity.

    boots, limit: of the file `counter`, or beyond what may have been used; last: a seq that was
    stored; why: why the journal cannot be continued, or ""; prefix: of the next mark.
    """

    def __init__(
        self,
        sha256: "Callable[[bytes], bytes]",
        read: "Callable[[str], bytes | None]",
        public: bytes,
        boots: int,
        limit: int,
    ) -> None:
        mark = sha256(b"othermesh chip" + chip() + public)[:8]
        try:
            noted = read(FILE)
        except LocalError:
            noted = b""
        self.boots, self.limit, self.last, self.why = boots, limit, 0, ""
        if noted is not None:
            known = int.from_bytes(noted[8:12], "big")
            self.last = int.from_bytes(noted[12:SIZE], "big")
            if len(noted) != SIZE:
                self.why = FILE + " is damaged"
            elif noted[:8] != mark:
                self.why = "these files are of another chip or key"
            elif known >= boots:
                self.why = "counter was put back to an older state"
                self.boots = known + 1
        if self.why:
            self.limit = max(limit, min(limit + SKIP, MOST_LIMIT))
        self.prefix = mark + self.boots.to_bytes(4, "big")
