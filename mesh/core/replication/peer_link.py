"""A link: our observation of a neighbour's /feeds; and interfaces inside replication."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from mesh.core.coap import message as coap
    from mesh.core.discovery.contact import Contact
    from mesh.core.discovery.contacts import Contacts
    from mesh.core.errors import RemoteError
    from mesh.core.events import Answer
    from mesh.core.limits import Limits
    from mesh.core.security.signed_client import Ask

IDLE_CHECKS = 3  # a silent observation is renewed after so many check intervals
# limits of requests to a link:
NAMED = 64  # authors named in one request, as many as fit a board's body
BEFORE = 64  # entries fetched before a contradiction, to find the fork point
AGAIN_MS = 1000
LONGEST_MS = 3_600_000  # longest pause after a lie
BOARD_BODY = 4096


class Link:
    """A link to one neighbour. Times in ms; `number` is that of the observe request, -1 if
    none.
    """

    number = -1
    ended = False
    until_ms = 0  # when an ended one may be renewed
    asked_ms = 0  # when it was last registered
    heard_ms = 0
    cursor = 0  # its cursor: up to there it has told us of others' feeds
    stale = False  # what we want has changed: observe anew
    fetching = filling = proving = False  # whether such a request is under way
    lies = 0
    doubts = 0  # invalid notifications of this observation

    def __init__(self, contact: "Contact", at_random: bool) -> None:
        self.peer = contact.peer
        self.where = contact.address, contact.boots
        self.keeps = contact.keeps
        self.is_board = contact.kind == "board"
        self.at_random = at_random
        self.named: set[bytes] = set()  # authors whose runs it sends at once


def query(limits: "Limits") -> "list[str]":
    """The query `max=BYTES`: how much we can take in one answer, if more than a board."""
    return [f"max={min(limits.body - 1000, 99_999)}"] if limits.body > BOARD_BODY else []


if TYPE_CHECKING:

    class Links(Protocol):
        """Interface of the table of links: see mesh.core.replication.neighbours.Links."""

        contacts: Contacts
        table: dict[bytes, Link]
        listens: Callable[[bytes], bool]
        dropped: Callable[[int, Link], None]

        def number(self, most: int) -> int:
            """A random number from 0 to most - 1."""
            ...

        def live(self) -> list[Link]:
            """Links in use, ordered by peer."""
            ...

        def add(self, contact: Contact, *, at_random: bool) -> bool:
            """Add a link to a peer, if there is room and none yet. Whether it was added."""
            ...

        def drop(self, now_ms: int, peer: bytes) -> None:
            """Remove a link."""
            ...

        def shun(self, now_ms: int, link: Link) -> None:
            """Do not link to a peer that lied."""
            ...

        def end(self, now_ms: int, link: Link, pause_ms: int) -> None:
            """Mark a link as ended, not to be used for `pause_ms`."""
            ...

    class CatchUp(Protocol):
        """Interface of catch-up: see mesh.core.replication.catch_up.CatchUp."""

        def told_by(self, peer: bytes) -> list[bytes]:
            """The authors of whom a peer announced newer entries."""
            ...

    class Replicator(Protocol):
        """Interface for requests to links: see mesh.core.replication.replicator.Replicator."""

        parents: dict[bytes, bytes]
        decode: Callable[[bytes], object]

        @property
        def links(self) -> Links:
            """The links by peer."""
            ...

        @property
        def catching(self) -> CatchUp:
            """The part that fetches announced entries."""
            ...

        def look(self, due_ms: int) -> None:
            """Have tick() called by that time."""
            ...

        def graft(self, author: bytes, link: Link) -> None:
            """Make a link the one that sends the runs of an author."""
            ...

        def ask(
            self,
            now_ms: int,
            link: Link,
            message: coap.Message,
            body: object,
            done: Callable[[int, Ask, Answer], None],
        ) -> int | None:
            """Send a request to a link. Gives its number, or None."""
            ...

        def news(self, now_ms: int, link: Link, ask: Ask, answer: Answer) -> int:
            """Handle an answer of a link. Gives the number of new entries."""
            ...

        def lied(self, now_ms: int, link: Link, ask: Ask, error: RemoteError) -> None:
            """Handle an invalid item in a signed answer."""
            ...
