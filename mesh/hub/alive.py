"""A running peer with nothing to tell says now and then that it lives, and how it is."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mesh.core.contacts import ASLEEP, UP

if TYPE_CHECKING:
    from mesh.hub.loop import HubPeer

QUIET_S = 60.0  # without a line, the first time
AGAIN_S = 600.0  # and from then on, until there is another line


class Alive:
    """When to say so. `now`: a clock in seconds that only grows."""

    def __init__(self, peer: "HubPeer", now: Callable[[], float] = time.monotonic) -> None:
        self._peer = peer
        self._now = now
        self.spoke()

    def spoke(self) -> None:
        """Another line was shown."""
        self._due_s = self._now() + QUIET_S

    def due(self) -> dict[str, Any] | None:
        """The event, if it was quiet for so long: who is up, what was verified, for how long."""
        if self._now() < self._due_s:
            return None
        self._due_s = self._now() + AGAIN_S
        states = [contact.state for contact in self._peer.node.contacts.listed()]
        return {
            "event": "alive",
            "at": round(time.time(), 3),
            "up_s": round(self._peer.now() / 1000),
            "peers": states.count(UP),
            "asleep": states.count(ASLEEP),
            "verified": self._peer.node.peer.verified,
        }
