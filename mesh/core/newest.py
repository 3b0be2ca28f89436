"""Do others hold newer entries of our own feed than we do? Then our files are a copy of old.

Each answer to /peer tells what its sender holds of us. After a start nothing is signed until those
whom we knew have answered, or WAIT_MS are over. See mesh.core.behind for what follows.
"""

from mesh.core.contacts import UP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.asks import Asks
    from mesh.core.contacts import Contact, Contacts
    from mesh.core.feeds import Feeds
    from mesh.core.primitives import Kit

WAIT_MS = 4000  # for the first answers


class Newest:
    """Watches the own feed. `leaps`: how often it went on elsewhere in this start; `asking`: peers
    that are asked for their proof; publish(now_ms) is called once there is something to be told.
    """

    due_ms: "int | None" = None
    leaps = 0

    def __init__(
        self,
        kit: "Kit",
        feeds: "Feeds",
        asks: "Asks",
        contacts: "Contacts",
        emit: "Callable[[object], None]",
        publish: "Callable[[int], None]",
    ) -> None:
        self.kit = kit
        self.feeds = feeds
        self.asks = asks
        self.contacts = contacts
        self.emit = emit
        self._publish = publish
        self.asking: list[bytes] = []
        self._awaited: list[Contact] = []
        self._ended = False

    def wait(self) -> None:
        """Have the feed quiet until others could answer, if it was used before this start."""
        self.feeds.own.quiet = self.feeds.own.next_seq > 1

    def start(self, now_ms: int) -> None:
        """Begin to wait, if the feed is quiet."""
        if self.feeds.own.quiet:
            self.due_ms = now_ms + WAIT_MS
            self._awaited = self.contacts.listed()

    def told(self, now_ms: int, peer: bytes, held: object) -> None:
        """Take what a peer says that it holds of us: [seq, the beginning of the link there]."""
        if not self._fits(held) and peer not in self.asking:
            from mesh.core import behind  # noqa: PLC0415 - heap only where it is used

            behind.ask(self, now_ms, peer)

    def _fits(self, held: object) -> bool:
        own = self.feeds.own
        if not isinstance(held, list) or len(held) != 2 or not isinstance(held[0], int):
            return True
        seq: int = held[0]
        link: object = held[1]
        if seq >= own.next_seq:
            return False
        return seq < own.first_seq - 1 or own.link_at(seq)[:8] == link

    def leapt(self, now_ms: int) -> None:
        """Note that the feed went on elsewhere, or ended."""
        self.leaps += 1
        self._publish(now_ms)

    def tick(self, now_ms: int) -> None:
        """Let the feed go on after it was quiet, if it is time."""
        if self.due_ms is None:
            return
        if now_ms < self.due_ms:
            missing = [c for c in self._awaited if c.state != UP and not c.tries]
            if self.asking or missing or not self._awaited:
                return
        self.due_ms = None
        self._awaited = []
        self.feeds.own.quiet = self._ended
        self._publish(now_ms)

    def end(self, why: str) -> None:
        """Keep and sign nothing more."""
        own = self.feeds.own
        self._ended = own.quiet = True
        own.trouble = why
