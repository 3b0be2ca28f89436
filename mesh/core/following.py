"""What is in entries that were accepted: readings are handed on, sleep is noted."""

from mesh.core.contacts import LONGEST_S
from mesh.core.errors import RemoteError
from mesh.core.ranges import is_count
from mesh.core.senml_reading import unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Following:
    """Looks into the entries of those whom we follow; of others only what concerns all.

    told(now_ms, author, seq, clock, record) is called for every reading; refused(now_ms, peer,
    source, error) for what does not hold; slept(now_ms, author, seconds) for who says so.
    """

    def __init__(
        self,
        follows: "Callable[[bytes], bool]",
        told: "Callable[..., None]",
        refused: "Callable[..., None]",
        slept: "Callable[[int, bytes, int], None]",
    ) -> None:
        self._follows = follows
        self._told = told
        self._refused = refused
        self._slept = slept

    def heard(
        self,
        now_ms: int,
        author: bytes,
        values: "list[tuple[int, list[int | None], str, object]]",
    ) -> None:
        """Hand on the readings in new, checked entries. What is wrong is skipped and told."""
        follows = self._follows(author)
        for seq, clock, kind, body in values:
            try:
                if kind == "reading":
                    for record in unpack(body) if follows else ():
                        self._told(now_ms, author, seq, clock, record)
                elif kind == "asleep":
                    self._sleeps(now_ms, author, body)
            except RemoteError as error:
                self._refused(now_ms, author, None, error)

    def _sleeps(self, now_ms: int, author: bytes, body: object) -> None:
        seconds = body[0] if isinstance(body, list) and body else 0
        if not is_count(seconds, LONGEST_S + 1) or not seconds:
            raise RemoteError("no such sleep")
        self._slept(now_ms, author, seconds)
