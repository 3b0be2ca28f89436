"""One requester of /feeds, and the entries it has not been told yet."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.coap.ticket import Ticket


class Listener:
    """A peer that requested /feeds by the signed request with that ticket and counter. It becomes
    an observer if it asked to and may.
    """

    due_ms: "int | None" = None  # when `heads` are due
    hold_ms = 0  # no notification before that time

    answered = False  # it got a first answer, so notifications may follow

    def __init__(self, peer: "bytes | None", counter: int, ticket: "Ticket | None") -> None:
        self.peer = peer
        self.counter = counter
        self.ticket = ticket
        # author: next seq; these authors' runs are sent at once
        self.wanted: dict[bytes, int] = {}
        self.named: list[bytes] = []  # authors whose heads are sent later, or:
        self.others = False  # the heads of all other authors
        self.runs: set[bytes] = set()  # authors whose feeds changed
        self.heads: set[bytes] = set()
        self.forks: set[bytes] = set()
        self.links = False  # its peer made us a link, so it is told of forks too

    def untold(self, news: "list[Any]", authors: "list[bytes]") -> None:
        """Mark news that could not be sent, to send them again, and the heads of `authors`."""
        for item in news:
            if isinstance(item, list):
                self.runs.add(item[0])
                self.wanted[item[0]] = min(item[1], self.wanted[item[0]])
            elif isinstance(item, dict):
                self.forks.update(item)
        for author in authors:
            if author in self.named or (self.others and author not in self.wanted):
                self.heads.add(author)
