"""Whoever sits on the line between two peers: hands on, listens, forges, and flips bits."""

import os
import random
import select
import socket
import threading

from stranger import COSE

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.errors import RemoteError

HERE = "127.0.0.1"
EMPTY = cbor.encode([])
JUNK = (b"\xff", b"\xa0", b"", b"\x81\xf6", EMPTY, cbor.encode([{b"x" * 32: 5}]), b"\x81\x41x")
CODES = (codes.CONTENT, codes.CONTENT, codes.CONTENT, 0x84, 0xA3, codes.UNAUTHORIZED)
AHEAD = (1, 0x7FFFFF)
ONE_IN = 3  # datagrams that are damaged


def news_of(data):
    """The notification that it is, or None. The answer to a question is signed, so it is none."""
    try:
        message = coap.parse(data)
    except RemoteError:
        return None
    is_news = message.code == codes.CONTENT and message.get(coap.OBSERVE) is not None
    return message if is_news and message.uint(coap.CONTENT_FORMAT) != COSE else None


class Relay:
    """What goes to `address` goes on to `author`, and back; a context manager, with a thread.

    `forges`: so many false notifications before and after each true one, of which `forged` counts
    all, and the listener's reset of it. `flips`: a third of all has a wrong bit: `flipped` so far.
    """

    def __init__(self, author):
        self.forges, self.flips = 0, False
        self.forged = self.flipped = 0
        self._random = random.Random(7)
        self._author, self._listener = author, None
        self._ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for end in self._ends:
            end.bind((HERE, 0))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        for end in self._ends:
            end.close()

    @property
    def address(self):
        """Where the listener is told that the author is, as settings have it."""
        return "{}:{}".format(*self._ends[0].getsockname())

    def _work(self):
        near, far = self._ends
        while not self._over.is_set():
            ready, _, _ = select.select(self._ends, [], [], 0.1)
            if near in ready:
                data, self._listener = near.recvfrom(65536)
                self._pass_on(far, self._author, data)
            if far in ready and self._listener is not None:
                data = far.recv(65536)
                news = news_of(data) if self.forges else None
                self._forge(news)
                self._pass_on(near, self._listener, data)
                self._forge(news)
                if news is not None:
                    far.sendto(bytes((0x70, 0, *data[2:4])), self._author)

    def _pass_on(self, end, target, data):
        if self.flips and self._random.randrange(ONE_IN) == 0:
            bit = self._random.randrange(8 * len(data))
            damaged = bytearray(data)
            damaged[bit >> 3] ^= 1 << (bit & 7)
            data, self.flipped = bytes(damaged), self.flipped + 1
        end.sendto(data, target)

    def _forge(self, news):
        """Tell what nobody signed, in the author's name."""
        for _ in range(self.forges if news is not None else 0):
            code = self._random.choice(CODES)
            payload = self._random.choice(JUNK)
            mid = int.from_bytes(os.urandom(2), "big")
            message = coap.Message(code, payload, coap.NON, mid, news.token)
            order = news.uint(coap.OBSERVE) + self._random.choice(AHEAD)
            message.add(coap.OBSERVE, order & 0xFFFFFF).add(coap.CONTENT_FORMAT, 60)
            self._ends[0].sendto(coap.build(message), self._listener)
            self.forged += 1
