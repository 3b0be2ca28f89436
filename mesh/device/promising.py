"""What a board promises of itself if its settings say so: how often each sensor is read."""

from mesh.core.codec import cbor
from mesh.core.errors import LocalError
from mesh.device import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.node import Node
    from mesh.core.policy.settings import Profile
    from mesh.device.loop import Loop

FILE = "promise"  # what was promised last, so that each start does not say it again
TERMS = 4  # in one entry (docs/protocol.md section 13)
AGAIN_MS = 1000  # until the feed is kept and signed
DONE_MS = 1 << 29


def begin(
    loop: "Loop",
    profile: "Profile",
    tell: "Callable[..., None]",
    jobs: "list[tuple[int, Callable[[int], int]]]",
) -> None:
    """Have a board promise, and form agreements, as its settings say; before its node's start.
    `jobs`: those that measure.
    """
    if profile.promise:
        loop.every(1000, Promising(loop.node, profile.promise))
    if profile.relations:
        from mesh.device.remembering import begin as relate  # noqa: PLC0415 - heap only where it is used

        relate(loop.node, tell, jobs)


class Promising:
    """A job of the loop: promise once that each sensor is read as often as it is set, with
    `slack` percent; with a negative one take back what was promised.
    """

    def __init__(self, node: "Node", slack: int) -> None:
        self._node = node
        self._slack = slack
        self._said = b""

    def __call__(self, now_ms: int) -> int:
        """Do the next step. Gives the ms until the next call."""
        own = self._node.peer.feeds.own
        if own.quiet or own.is_full:
            return AGAIN_MS
        if not self._said:
            self._said = self._say(now_ms)
            return AGAIN_MS if self._said else DONE_MS
        if own.unkept:
            return AGAIN_MS
        try:
            identity.write(FILE, self._said)
        except OSError:  # a full disk: it is said once more at the next start
            pass
        return DONE_MS

    def _say(self, now_ms: int) -> bytes:
        """Write the entries. Gives what is to be noted; nothing if that was said before."""
        sensors = self._node.peer.sensors
        slack = max(self._slack, 0)
        terms = [
            ["every", name, -(-sensors[name].every_ms // 1000), slack] for name in sorted(sensors)
        ]
        said = cbor.encode([self._slack, terms])
        try:
            before = identity.read(FILE)
        except LocalError:  # damaged: as if there was none
            before = None
        if said == before:
            return b""
        for at in range(0, len(terms), TERMS):
            body: dict[int, object] = {7: terms[at : at + TERMS]}
            if self._slack < 0:
                body[8] = [0, 1]  # over in a second, and with it what was promised before
            self._node.acting.append(now_ms, "pact", body)
        return said
