"""Strangers of tests/device/week.py: each has a key and an address of its own, asks a board for a
few things, returns Echo values, acknowledges what it is told, and then is never heard of again.
"""

from week_process import worlds

from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.errors import RemoteError
from mesh.core.security.seal import seal_request
from mesh.core.security.signed_client import request_for

AWAY = 40_000  # ports of theirs
MOST_ECHOES = 2


def wishes(number):
    """What one asks for: (message, body or None, whether it is signed)."""
    longest = request_for(coap.GET, ["sensors"])
    begun = request_for(coap.PUT, ["actuators", "led"]).add(coap.BLOCK1, 8 | 2)
    begun.payload = bytes(64)
    fork = {b"": 0, number.to_bytes(32, "big"): None}
    return (
        (request_for(coap.POST, ["feeds"]), [], True),
        (request_for(coap.FETCH, ["feeds"], observe=True), fork, True),
        (request_for(coap.FETCH, ["sensors", "room.humidity"], observe=True), None, True),
        (request_for(coap.GET, ["sensors", "sun"], observe=True), None, False),
        (request_for(coap.FETCH, ["peers"]), None, True),
        (longest, None, False),
        (begun, None, False),
        (request_for(coap.GET, ["feeds"]).add(coap.ACCEPT, 18), None, False),
    )


class Passer:
    """One of them, as a node of a World."""

    def __init__(self, number, board, at):
        self.address = (f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", AWAY)
        self.answers = 0
        self._kit = worlds.make_kit(number)
        self._identity = worlds.make_identity(1_000_000 + number)
        self._board = board
        self._at = at
        self._out = []
        self._left = list(wishes(number))
        self._open = {}  # token: message, body, echoes
        self._mid = number & 0xFFFF

    def next_wish(self):
        """Ask for the next thing; False if there is none."""
        if not self._left:
            return False
        message, body, signed = self._left.pop(0)
        if signed:
            self._seal(message, body, 0)
        else:
            self._put(message)
        return True

    def _seal(self, message, body, echoes):
        message.drop(coap.CONTENT_FORMAT)
        data = b"" if body is None else cbor.encode(body)
        seal_request(self._kit, self._identity, self._board, message, 60 if data else None, data)
        self._put(message)
        self._open[message.token] = (message, body, echoes)

    def _put(self, message):
        self._mid = self._mid + 1 & 0xFFFF
        message.type, message.mid, message.token = coap.CON, self._mid, self._kit.random(4)
        self._out.append((0, self._at, coap.build(message)))

    def receive(self, now_ms, channel, source, data):
        try:
            message = coap.parse(data)
        except RemoteError:
            return
        if message.type == coap.CON and message.code:
            ack = bytes((0x60, 0, message.mid >> 8, message.mid & 255))
            self._out.append((0, source, ack))
        self.answers += message.code >> 5 == 2
        asked, body, echoes = self._open.pop(message.token, (None, None, MOST_ECHOES))
        echo = message.get(coap.ECHO)
        if echo is not None and echoes < MOST_ECHOES:
            asked.drop(coap.ECHO)
            self._seal(asked.add(coap.ECHO, echo), body, echoes + 1)

    def tick(self, now_ms):
        pass

    def wake_at(self):
        return None

    def next_send(self):
        return self._out.pop(0) if self._out else None

    def next_event(self):
        return None
