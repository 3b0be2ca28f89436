"""Large signed questions over TCP, on several connections, many at once on each."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

import asyncio
import contextlib
import itertools
from collections import Counter

from stranger import run

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.codec.formats import CBOR
from mesh.core.errors import RemoteError
from mesh.hub.desktop_kit import make_identity, make_kit, new_secret
from mesh.hub.tcp.tcp_client import Source, connected

WAYS = 4
AT_ONCE = 8
LARGE = ("max=262144",)


class Hungry:
    """A key and its connections; whatever comes is counted by its code, and thrown away."""

    def __init__(self, target):
        self.sent, self.codes = 0, Counter()
        self._source = Source(target.peer, target.address)
        self._kit = make_kit()
        self._identity = make_identity(new_secret(), itertools.count(1).__next__)

    async def open(self, stack):
        """Connect; give who can be asked there."""
        ways = [connected(self._kit, self._identity, self._source) for _ in range(WAYS)]
        self._ways = [await stack.enter_async_context(way) for way in ways]

    async def round(self, body=b""):
        """Ask on all at once; what the last answer is, as it came."""
        asked = [self._ask(way, body) for way in self._ways for _ in range(AT_ONCE)]
        await asyncio.gather(*asked)

    async def whom(self):
        """Whose entries are there."""
        return cbor.decode(await self._ways[0].fetch(b"", ()))

    async def _ask(self, way, body):
        self.sent += 1
        try:
            answer = await way.ask(coap.FETCH, ["feeds"], body, CBOR, LARGE)
        except RemoteError:
            self.codes["none"] += 1
        else:
            self.codes[codes.text(answer.code)] += 1


def attack(target):
    """All that is there of everybody, again and again."""
    with asyncio.Runner() as runner:
        stack, one = contextlib.AsyncExitStack(), Hungry(target)
        runner.run(one.open(stack))
        body = cbor.encode(dict.fromkeys(runner.run(one.whom()), 1))
        while one.sent < target.count:
            runner.run(one.round(body))
            yield {"sent": one.sent, "codes": one.codes}
        runner.run(stack.aclose())


if __name__ == "__main__":
    run(attack)
