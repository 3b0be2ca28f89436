"""A board's part in agreements, and what it remembers of them in one file.

Its tails of feeds are short, so what was taken out of them is stored: a restart forgets nothing.
"""

from mesh.core.codec import cbor
from mesh.core.errors import LocalError, RemoteError
from mesh.core.relations.agreements import Agreements
from mesh.core.relations.facts import Caps
from mesh.core.resources.relation_runs import answer, join
from mesh.device import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from mesh.core.node import Node
    from mesh.core.relations.partaking import Relating

FILE = "relations"
VERSION = 1  # of what is in it
DEPTH = 4  # the rows of what is known are written one by one
ARRAY = 0x80  # major type 4 (RFC 8949 s.3.1)
# flash wears out: at most one write in so many ms, of what concerns others, or this board itself
OTHERS_MS, OWN_MS = 300_000, 10_000


class Remembering:
    """Stores what `relating` has to remember, and restores it; a part of the node."""

    def __init__(self, relating: "Relating", tell: "Callable[..., None]") -> None:
        self._relating = relating
        self._at_ms = -OTHERS_MS  # when it was stored last
        self._stored = 0  # which version was
        self.due_ms: int | None = None
        try:
            value: Any = cbor.decode(identity.read(FILE) or b"\x80")
            if value[:2] == [VERSION, relating.me]:
                relating.restore(value[2])
        except (LocalError, RemoteError):
            tell("relations", reason="what was remembered is damaged: others are asked for it")

    def tick(self, now_ms: int) -> None:
        """Store what is new, if it is time."""
        relating = self._relating
        self.due_ms = None
        if relating.version != self._stored:
            pause_ms = OWN_MS if relating.own_version > self._stored else OTHERS_MS
            self.due_ms = self._at_ms + pause_ms
            if now_ms >= self.due_ms:
                self._store(now_ms)

    def stop(self, now_ms: int) -> None:
        """Store what is new now: the board is about to stop, or to sleep."""
        if self._relating.version != self._stored:
            self._store(now_ms)

    def _store(self, now_ms: int) -> None:
        relating = self._relating
        self._at_ms, self.due_ms = now_ms, None
        version = relating.version
        try:
            kept = [VERSION, relating.me, relating.kept()]
            identity.write_pieces(FILE, pieces(kept, DEPTH))
            self._stored = version
        except OSError:  # a full disk: tried again, as long as something changes
            self.due_ms = now_ms + OTHERS_MS


def pieces(value: "Any", depth: int) -> "Iterator[bytes]":  # noqa: ANN401 - plain data
    """The CBOR of a value in pieces, as a full heap has no room for all of it at once: an array,
    and those in it down to `depth`, item by item.
    """
    if depth and isinstance(value, list):
        head = bytearray()
        cbor.write_head(head, ARRAY, len(value))
        yield bytes(head)
        for one in value:
            yield from pieces(one, depth - 1)
    else:
        yield cbor.encode(value)


def begin(
    node: "Node",
    tell: "Callable[..., None]",
    jobs: "list[tuple[int, Callable[[int], int]]]",
) -> None:
    """Have a board form agreements, before its node's start; and have them act there, if its
    holder allows that at all. `jobs`: those that measure.
    """
    relating = join(node, Agreements(node.peer.kit, node.peer.id, Caps()))
    answer(node.peer)
    node.add(Remembering(relating, tell))
    if node.profile.consent:
        from mesh.core.resources.granted import apply  # noqa: PLC0415 - heap only where it is used
        from mesh.device.pacing import Pacing  # noqa: PLC0415 - as above

        apply(node, relating, Pacing(node, node.profile, jobs))
