"""The demo's attacker: replays an honest message that it captured, and sends altered ones."""

import asyncio
import os
import socket

from mesh.core.coap import message as coap
from mesh.core.kit import Identity
from mesh.core.security.seal import seal_request
from mesh.core.security.signed_client import request_for
from mesh.hub.desktop_errors import Unanswered
from mesh.hub.desktop_kit import make_kit

PATIENCE_S = 3.0
TRIES = 3
TRUE = b"\xf5"


class Attack:
    """Sends datagrams to one board's led, from its own sockets."""

    def __init__(self, identity: Identity, board: bytes, address: tuple[str, int]) -> None:
        self._identity = identity
        self._board = board
        self._address = address
        self._seen = b""

    async def honest(self) -> int:
        """Send what the board's introducer would, and keep the bytes. Gives the code of the
        answer.
        """
        message = request_for(coap.PUT, ["actuators", "led"])
        seal_request(make_kit(), self._identity, self._board, message, 60, TRUE)
        message.token = os.urandom(4)
        self._seen = coap.build(message)
        return await self._send(self._seen)

    async def replayed(self) -> int:
        """Send the same bytes from another socket. Gives the code of the answer."""
        return await self._send(self._seen)

    async def forged(self) -> int:
        """Send them with a bit of the last byte flipped. Gives the code of the answer."""
        return await self._send(self._seen[:-1] + bytes([self._seen[-1] ^ 1]))

    async def _send(self, data: bytes) -> int:
        loop = asyncio.get_running_loop()
        data = data[:2] + os.urandom(2) + data[4:]  # a new message id, so that it is no duplicate
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect(self._address)
            for _ in range(TRIES):
                await loop.sock_sendall(sock, data)
                try:
                    async with asyncio.timeout(PATIENCE_S):
                        while not (answer := coap.parse(await loop.sock_recv(sock, 2048))).code:
                            pass  # an empty acknowledgement: a separate response follows
                        return answer.code
                except (TimeoutError, OSError):  # OSError: the port is closed
                    continue
        raise Unanswered("the board did not answer")
