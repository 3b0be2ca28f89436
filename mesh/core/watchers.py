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
    """All observers. The endpoint says who may be one: limits.observers of them."""

    def __init__(self) -> None:
        self._all: dict[object, Watcher] = {}

    def add(self, ticket: object, watcher: Watcher) -> None:
        """Take one in."""
        self._all[ticket] = watcher

    def drop(self, ticket: object) -> None:
        """Forget one."""
        self._all.pop(ticket, None)

    def of(self, path: list[str]) -> "list[tuple[object, Watcher]]":
        """Observers of a path."""
        return [(t, w) for t, w in self._all.items() if w.path == path]

    def __len__(self) -> int:
        return len(self._all)
