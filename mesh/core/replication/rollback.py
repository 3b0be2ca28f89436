"""Rollback detection: finds out that others hold newer entries of our own feed than we do.

Each answer to /peer says what its sender holds of our feed. After a start nothing is signed until
all peers known before have answered, or WAIT_MS are over. What follows: see resume.py.
"""

from mesh.core.discovery.contact import UP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.discovery.contact import Contact
    from mesh.core.discovery.contacts import Contacts
    from mesh.core.feed.feeds import Feeds
    from mesh.core.kit import Kit
    from mesh.core.security.signed_client import SignedClient

WAIT_MS = 4000  # longest wait for answers after a start


class Rollback:
    """Compares the own feed with what others hold of it.

    `leaps`: how often the feed was resumed elsewhere in this start; `asking`: peers that were
    asked for proof; publish(now_ms) is called when there is something to announce.
    """

    due_ms: "int | None" = None
    leaps = 0

    def __init__(
        self,
        kit: "Kit",
        feeds: "Feeds",
        asks: "SignedClient",
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

    def wait(self) -> None:
        """Sign nothing until others could answer, if the feed was used before this start."""
        self.feeds.own.hush(self.feeds.own.next_seq > 1)

    def start(self, now_ms: int, _: bool) -> None:
        """Start the wait, if wait() was called."""
        if self.feeds.own.quiet:
            self.due_ms = now_ms + WAIT_MS
            self._awaited = self.contacts.listed()

    def told(self, now_ms: int, peer: bytes, held: object) -> None:
        """Check what a peer says it holds of our feed: [seq, first 8 bytes of the link there]."""
        if not self._fits(held) and peer not in self.asking:
            from mesh.core.replication.resume import ask  # noqa: PLC0415 - heap only where it is used

            ask(self, now_ms, peer)

    def _fits(self, held: object) -> bool:
        own = self.feeds.own
        if not isinstance(held, list) or len(held) < 2 or not isinstance(held[0], int):
            return True
        seq: int = held[0]
        link: object = held[1]
        if seq >= own.next_seq:
            return False
        return seq < own.first_seq - 1 or own.link_at(seq)[:8] == link

    def leapt(self, now_ms: int) -> None:
        """Count that the feed was resumed elsewhere, or ended."""
        self.leaps += 1
        self._publish(now_ms)

    def tick(self, now_ms: int) -> None:
        """End the wait, if all have answered or it is over."""
        if self.due_ms is None:
            return
        if now_ms < self.due_ms:
            missing = [c for c in self._awaited if c.state != UP and not c.tries]
            if self.asking or missing or not self._awaited:
                return
        self.due_ms = None
        self._awaited = []
        self.feeds.own.hush(False)
        self._publish(now_ms)
