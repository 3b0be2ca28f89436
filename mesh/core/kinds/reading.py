"""`reading`: what sensors measured, as a SenML pack (RFC 8428)."""

from mesh.core.events import Reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.codec.senml import Record


def check(body: object) -> "list[Record]":
    """Validate a body and give its records. RemoteError if it is no SenML pack."""
    from mesh.core.codec.senml_reading import unpack  # noqa: PLC0415 - heap only where it is used

    return unpack(body)


def wants(node: "Any", author: bytes) -> object:  # noqa: ANN401 - a Node, which uses kinds
    """Used of authors that are followed."""
    return node.follows(author)


def accept(
    node: "Any",  # noqa: ANN401 - a Node
    now_ms: int,
    author: bytes,
    seq: int,
    clock: "list[int | None]",
    records: "list[Record]",
) -> None:
    """Emit each reading, and apply the own rules to it."""
    for name, unit, value, _ in records:
        node.peer.judged(author, True)
        node.emit(Reading(author, seq, name, unit, value, clock))
        node.acting.judge(author, name, value)
