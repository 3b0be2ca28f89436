"""DNS-SD on loopback, as tests listen to it."""

import asyncio
import contextlib
import os

from mesh.core.limits import Limits
from mesh.hub.net.browser import Discovery
from mesh.hub.net.interfaces import Local

LOOPBACK = [Local("127.0.0.1", 1, 8)]


ONE, TWO = os.urandom(32), os.urandom(32)


LIMIT_S = 20


class Heard:
    """What a Discovery said, to be waited for."""

    def __init__(self):
        self.candidates = asyncio.Queue()
        self.withdrawn = asyncio.Queue()

    def candidate(self, peer, addresses):
        if peer in (ONE, TWO):
            self.candidates.put_nowait((peer, addresses))

    def withdraw(self, peer):
        if peer in (ONE, TWO):
            self.withdrawn.put_nowait(peer)

    def discovery(self, peer, port, **limits):
        return Discovery(peer, port, self.candidate, self.withdraw, Limits(**limits))


def only(one):
    """The announcer of a Discovery on one interface."""
    (there,) = one._announcers.values()
    return there


@contextlib.asynccontextmanager
async def announced(peer, port, at=LOOPBACK, **limits):
    heard = Heard()
    one = heard.discovery(peer, port, **limits)
    await one.start(at)
    try:
        yield heard, one
    finally:
        await one.stop()
