"""Who observes what here (RFC 7641), and what each is to be told."""

from mesh.core import coap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.message import Opened


class Watcher:
    """One observer. `opened` is its signed request or None; `wanted` {author: next seq} for /feeds."""

    def __init__(
        self, request: "coap.Message", opened: "Opened | None", wanted: "dict[bytes, int] | None"
    ) -> None:
        self.request = request
        self.path = request.path()
        self.opened = opened
        self.wanted = wanted
        self.number = 0

    def next_number(self) -> int:
        """The Observe number of the next notification (24 bits, RFC 7641 s.3.4)."""
        self.number = (self.number + 1) & 0xFFFFFF
        return self.number


class Watchers:
    """All observers, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._all: dict[object, Watcher] = {}

    def add(self, ticket: object, watcher: Watcher) -> bool:
        """Take one in; False if there is no room (it then gets its answer without Observe)."""
        if ticket not in self._all and len(self._all) >= self._limit:
            return False
        self._all[ticket] = watcher
        return True

    def drop(self, ticket: object) -> None:
        """Forget one."""
        self._all.pop(ticket, None)

    def of(self, path: list[str]) -> "list[tuple[object, Watcher]]":
        """Observers of a path."""
        return [(t, w) for t, w in self._all.items() if w.path == path]

    def __len__(self) -> int:
        return len(self._all)
