"""A heartbeat in the log: a running peer with nothing to tell says now and then that it runs."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mesh.core.discovery.contact import ASLEEP, UP

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

QUIET_S = 60.0  # silence before the first heartbeat
AGAIN_S = 600.0  # interval of further ones, until another line is shown


class Alive:
    """When the heartbeat is due. `now`: a monotonic clock in seconds."""

    def __init__(self, peer: "HubPeer", now: Callable[[], float] = time.monotonic) -> None:
        self._peer = peer
        self._now = now
        self.spoke()

    def spoke(self) -> None:
        """Note that another line was shown."""
        self._due_s = self._now() + QUIET_S

    def due(self) -> dict[str, Any] | None:
        """The heartbeat if it is due, else None: who is up, what was verified, and for how
        long.
        """
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
