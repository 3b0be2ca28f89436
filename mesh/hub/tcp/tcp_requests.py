"""Admission of requests over TCP, within the shares of their users, as over UDP."""

import math

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.message import Message
from mesh.core.codec.formats import COSE
from mesh.core.rate import Bucket
from mesh.hub.desktop_node import DesktopNode
from mesh.hub.driver import Driver
from mesh.hub.tcp.calls import Calls, TcpCall
from mesh.hub.tcp.connection import Connection

STRANGERS_PER_S = 100  # signature checks for all strangers together
KNOWN_PER_S = 400  # signature checks for one connection of a peer that was met


class TcpRequests:
    """Passes requests of connections to a node, and charges their cost."""

    def __init__(self, node: DesktopNode, driver: Driver) -> None:
        self._node = node
        self._driver = driver
        self._calls: dict[Connection, Calls] = {}
        self._strangers = Bucket(STRANGERS_PER_S)
        self._known: dict[Connection, Bucket] = {}
        self._number = 0

    def requested(self, connection: Connection, message: Message) -> None:
        """Handle a request, once it waits until its user may be served, or answer when to retry
        (RFC 8516).
        """
        driver = self._driver
        user = driver.fair.at(connection.source)
        wait_s = driver.fair.wait_s(user)
        if wait_s and connection.postpone(message, wait_s):
            return
        if wait_s or not self._may_be_checked(connection, message):
            refusal = Message(codes.TOO_MANY, b"too many at once", token=message.token)
            connection.send(refusal.add(coap.MAX_AGE, math.ceil(wait_s) or 1))
            return
        calls = self._calls.get(connection)
        if calls is None:
            calls = self._calls[connection] = Calls(connection, self._node.limits.datagram)
        if (former := calls.watched.get(message.token)) is not None:
            self._node.lost(driver.now(), [former])  # the observation is renewed, or ended
        self._number += 1
        call = TcpCall(calls, message, self._number)
        driver.charged(user, self._node.call, driver.now(), call, message)
        driver.settle()

    def gone(self, connection: Connection) -> None:
        """Drop the calls of a connection that ended."""
        self._known.pop(connection, None)
        calls = self._calls.pop(connection, None)
        if calls is not None:
            self._node.lost(self._driver.now(), calls.all())

    def _may_be_checked(self, connection: Connection, message: Message) -> bool:
        """Whether another signature of this connection's user may be checked now."""
        if message.uint(coap.CONTENT_FORMAT) != COSE:
            return True
        checks = self._strangers
        if connection.source.peer is not None:
            checks = self._known.setdefault(connection, Bucket(KNOWN_PER_S))
        return checks.take(self._driver.now())
