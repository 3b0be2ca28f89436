"""The table of entry kinds: validates entries to be written, and handles those of others.

A kind is a module, or another object, with three functions. check(body) validates a body and gives
what accept() takes of it, or raises RemoteError. wants(node, author): whether this node uses
entries of that author. accept(node, now_ms, author, seq, clock, checked): handles a new, verified
entry, or raises RemoteError. Whatever these say, entries are kept and passed on.
"""

from mesh.core.errors import LocalError, RemoteError
from mesh.core.kinds import actuated, asleep, reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Protocol

    from mesh.core.feed.chain import Run

    class Kind(Protocol):
        """An entry kind, see above."""

        @property
        def check(self) -> Callable[[Any], Any]: ...
        @property
        def wants(self) -> Callable[[Any, bytes], object]: ...
        @property
        def accept(self) -> Callable[..., None]: ...

    Heard = Callable[[int, bytes, list[Any], Run | None], None]


# a new kind is a file in this folder and a line here; a program may pass others by Node(kinds=)
BUILT_IN: "dict[str, Kind]" = {"actuated": actuated, "asleep": asleep, "reading": reading}
PRIVATE = "x-"  # prefix of private kinds, which need no entry here


def check(kinds: "Mapping[str, Kind] | None", name: str, body: object) -> None:
    """Check that a body may be written as an entry of a kind. LocalError otherwise."""
    kind = (kinds or BUILT_IN).get(name)
    try:
        if kind is not None:
            kind.check(body)
        elif not name.startswith(PRIVATE):
            raise LocalError("no entry kind " + name, "private ones begin with " + PRIVATE)
    except RemoteError as error:
        raise LocalError(error.detail) from None


class Accepting:
    """Passes new, verified entries to their kinds, and to who looks at all of them.

    refused(now_ms, author, source, error) is called for invalid bodies; entries of unknown kinds
    are ignored.
    """

    def __init__(
        self,
        node: "Any",  # noqa: ANN401 - a Node, which uses kinds
        kinds: "Mapping[str, Kind] | None",
        refused: "Callable[..., None]",
    ) -> None:
        self._node = node
        self._known = kinds or BUILT_IN
        self._refused = refused
        self._looks: list[Heard] = []

    def also(self, look: "Heard") -> None:
        """Have look(now_ms, author, entries, run) called too, with the run that they came by. It
        may raise RemoteError, as a kind.
        """
        self._looks.append(look)

    def __call__(
        self, now_ms: int, author: bytes, values: "list[Any]", run: "Run | None" = None
    ) -> None:
        """Handle entries, as read_entry() gives them, of a run."""
        node = self._node
        for seq, clock, name, body in values:
            kind = self._known.get(name)
            if kind is not None and kind.wants(node, author):
                try:
                    kind.accept(node, now_ms, author, seq, clock, kind.check(body))
                except RemoteError as error:
                    self._refused(now_ms, author, None, error)
        for look in self._looks:
            try:
                look(now_ms, author, values, run)
            except RemoteError as error:
                self._refused(now_ms, author, None, error)
