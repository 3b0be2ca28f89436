"""One who asks for /feeds, and what it has not been told yet."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.replies import Ticket


class Listener:
    """Who asks for /feeds by a request with that ticket and counter, signed; and then, if it may
    and wants to, an observer.
    """

    due_ms: "int | None" = None  # when `heads` are to be told
    hold_ms = 0  # nothing is told before

    answered = False  # it was given what there is now, so that it may be told of what comes

    def __init__(self, peer: "bytes | None", counter: int, ticket: "Ticket | None") -> None:
        self.peer = peer
        self.counter = counter
        self.ticket = ticket
        self.wanted: dict[bytes, int] = {}  # author: next seq of those whose runs it gets at once
        self.named: list[bytes] = []  # whose heads it gets, or:
        self.others = False  # those of all others
        self.runs: set[bytes] = set()  # whose feeds changed
        self.heads: set[bytes] = set()
        self.forks: set[bytes] = set()
        self.links = False  # it is the link of a peer, which hears of forks too

    def untold(self, news: "list[Any]", authors: "list[bytes]") -> None:
        """Take back news that could not be sent: they are to be told again, and any head."""
        for item in news:
            if isinstance(item, list):
                self.runs.add(item[0])
                self.wanted[item[0]] = min(item[1], self.wanted[item[0]])
            elif isinstance(item, dict):
                self.forks.update(item)
        for author in authors:
            if author in self.named or (self.others and author not in self.wanted):
                self.heads.add(author)
