"""A desktop's node: the core's, with more transports, and slow requests in threads."""

from collections.abc import Iterable, Sequence
from typing import cast

from mesh.core.coap.message import Message
from mesh.core.full.keeping_node import KeepingNode
from mesh.hub.large_reads import AsidePeer, AsideServer
from mesh.hub.net.interfaces import Address
from mesh.hub.transports import Call, Stream, Transports


class DesktopNode(KeepingNode):
    """A desktop's node, with transports besides UDP. Their requests are Calls."""

    serves, holds, carries = AsideServer, AsidePeer, Transports

    @property
    def _transports(self) -> Transports:
        return cast("Transports", self.endpoint)

    def call(self, now_ms: int, call: Call, message: Message) -> None:
        """Handle a request that came by another transport than UDP."""
        self._transports.came(now_ms, call, message)
        self._work(now_ms)

    def lost(self, now_ms: int, calls: Iterable[Call]) -> None:
        """Drop requests whose connection ended."""
        for call in calls:
            self._transports.lost(call)
        self._work(now_ms)

    def _seen(self, now_ms: int, sender: bytes, source: Address) -> None:
        if not isinstance(source, Stream):
            super()._seen(now_ms, sender, source)
        elif (contact := self.contacts.get(sender)) is not None:
            contact.judged(True)
            source.used_by(sender)

    def _linked(self, now_ms: int, peer: bytes, address: Address) -> None:
        # a TCP connection is no address for requests to the peer
        if not isinstance(address, Stream):
            super()._linked(now_ms, peer, address)

    def follow(self, now_ms: int, peers: "Sequence[bytes]") -> None:
        """Replace the list of followed peers, besides those meant by `*`. A peer that keeps no
        feeds of others cannot begin to.
        """
        if self.replicating is None:
            return
        followed = self._interest.followed
        given = [who for who, _ in self.profile.peers]
        for peer in set(followed).difference(peers, given):
            if peer in self.contacts.table:
                self.contacts.pin(now_ms, peer, False)
        followed[:] = peers
        for peer in peers:
            self.contacts.pin(now_ms, peer)
        self.replicating.look(now_ms)
