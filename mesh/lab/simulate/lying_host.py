"""The base of byzantine peers: a host that lies where it can."""

import random
from collections.abc import Sequence
from typing import Any

from mesh.core.coap import message as coap
from mesh.core.errors import LocalError
from mesh.core.security.signed_client import request_for
from mesh.hub import fast_cbor
from mesh.lab.simulate.host import LAMP, Ground, Host

PUSH_MS = 1500


class LyingHost(Host):
    """Base of byzantine peers: a full peer that lies where it can."""

    honest = False

    def __init__(
        self, ground: Ground, number: int, hosts: Sequence[Host], draw: random.Random
    ) -> None:
        self.hosts = hosts
        self.draw = draw
        super().__init__(ground, number, "liar", {"follow": "*"}, self._key())
        self.subnets = frozenset((0, 1))
        if not ground.network.weather.multicast:
            self.known = [(host.public, host.address) for host in hosts]

    def _key(self) -> object:
        return None

    def boot(self) -> None:
        """Start, and install its lies."""
        super().boot()
        self.twist()

    def twist(self) -> None:
        """Change what the node says."""

    def plan(self, until_ms: int) -> None:
        """Measure now and then, and attack."""
        timeline = self.ground.timeline
        if timeline.now + PUSH_MS < until_ms:
            timeline.at(timeline.now + PUSH_MS, self.plan, until_ms)
        if self.up:
            self.measure(self.draw.randrange(100))
            self.do(self.push)
            self.do(self._meddle)

    def _meddle(self, now_ms: int) -> None:
        """Request what only another peer may."""
        host = self.draw.choice(self.hosts)
        payload = fast_cbor.encode(-self.draw.randrange(1000))
        message = request_for(coap.PUT, ["actuators", LAMP])
        try:
            self.questions.ask(now_ms, host.public, message, 60, payload)
        except LocalError:
            return  # all exchanges are in use, or no address

    def push(self, now_ms: int) -> None:
        """Attack, repeatedly."""

    def hand(self, now_ms: int, host: Host, runs: list[Any]) -> None:
        """Offer runs to a peer in a signed request."""
        try:
            payload = fast_cbor.encode(runs)
            message = request_for(coap.POST, ["feeds"])
            self.questions.ask(now_ms, host.public, message, 60, payload)
        except LocalError:
            return  # that peer is not known yet
