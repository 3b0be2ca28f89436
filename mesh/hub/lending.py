"""Agreements act at a desktop, whose holder allows it by `consent`; what they set is remembered in
its home, so that it is put back after a crash too.
"""

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

from mesh.core.codec import cbor
from mesh.core.errors import LocalError, RemoteError
from mesh.core.node import Node
from mesh.core.relations.partaking import Relating
from mesh.core.resources.granted import apply
from mesh.hub.home import files

FILE = "lent"  # [[actuator, the value to be put back], ...] in CBOR
MOST = 65_536  # bytes of it

log = logging.getLogger(__name__)


def begin(
    node: Node,
    relating: Relating,
    pace: Callable[[int, dict[str, int]], object],
    home: Path,
    now_ms: int,
) -> None:
    """Have agreements act at a node that has its actuators, before its start."""
    if not node.profile.consent:
        return
    lent = apply(node, relating, pace).lent
    path = home / FILE
    kept = _read(path)

    def remember(now: list[list[object]]) -> None:
        try:
            files.replace(path, cbor.encode(now))
        except LocalError as error:
            log.warning("what agreements set cannot be noted: %s", error.detail)

    lent.remembered_by(remember)
    lent.restore(now_ms, kept)


def _read(path: Path) -> list[list[object]]:
    """What was noted. What is damaged is left out, as if nothing had been lent."""
    kept: object = None
    with contextlib.suppress(OSError, RemoteError), path.open("rb") as file:
        kept = cbor.decode(file.read(MOST))
    return [
        row
        for row in (kept if isinstance(kept, list) else ())
        if isinstance(row, list) and len(row) == 2 and isinstance(row[0], str)  # noqa: PLR2004
    ]
