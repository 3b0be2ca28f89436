"""Facts about agreements on a simulated disk, and a board's feeds, which tell their refs."""

from collections.abc import Callable
from typing import Any, NamedTuple

from mesh.core.feed.chain import Run
from mesh.core.feed.feeds import Feeds
from mesh.core.kinds import asleep
from mesh.core.kinds.accepting import BUILT_IN
from mesh.core.node import Node
from mesh.core.relations import mark, pact

STATED = (pact.NAME, mark.NAME)
KINDS = BUILT_IN | {pact.NAME: pact, mark.NAME: mark}
FORK = "fork"
Key = tuple[object, ...]
# what entries of some kinds tell of a promise: whether there is a reading, and a sleep in s
TOLD: dict[str, Callable[[Any], tuple[bool, int]]] = {
    "reading": lambda _: (True, 0),
    asleep.NAME: lambda body: (False, body[0]),
}


def told(kind: str, body: object) -> tuple[bool, int]:
    """Whether an entry is a reading, and for how many seconds its author sleeps from then on."""
    tell = TOLD.get(kind)
    return (False, 0) if tell is None else tell(body)


class Fact(NamedTuple):
    """A pact, a mark or a proven fork. `ref`: of a pact its own, of a mark what it is about."""

    what: str
    author: bytes
    seq: int
    ref: bytes
    value: Any

    @property
    def key(self) -> Key:
        """What makes it another fact than others."""
        word = self.value.word if self.what == mark.NAME else None
        return self.what, self.author, self.ref, word


class Notes:
    """The file of facts on a disk. `read`: the own seq up to which it has the own ones."""

    def __init__(self) -> None:
        self.facts: dict[Key, Fact] = {}
        self.since: dict[bytes, int] = {}  # ref: when it was first seen in force, for trials
        self.read = 0


class NotedFeeds(Feeds):
    """A board's feeds, which tell the links of what came last."""

    last: Run | None = None

    def _took(self, author: bytes, run: Run) -> None:
        self.last = run


class BoardNode(Node):
    """A board's node, which tells the refs of what comes."""

    collects = NotedFeeds
