"""A process that floods one peer on loopback: HOST PORT ID(hex) PER_SECOND RECORDED(hex)...

It sends until its input ends, or MOST datagrams: noise, unsigned writes, questions signed by ever
new keys, would-be observers, and recorded datagrams again. Then it tells how many, as JSON.
"""

import contextlib
import itertools
import json
import os
import random
import select
import socket
import subprocess
import sys
from pathlib import Path

MOST = 100_000
SOURCES = 64
BATCH = 10
SECONDS = 20  # that it may take to end


class Flood:
    """Such a process, while in the context. `sent`: how many, afterwards."""

    def __init__(self, address, peer, per_second, recorded=()):
        arguments = [*map(str, address), peer.hex(), str(per_second), *[r.hex() for r in recorded]]
        self.sent = 0
        self._process = subprocess.Popen(
            [sys.executable, __file__, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self):
        assert self._process.stdout.readline() == "started\n"
        return self

    def __exit__(self, *_):
        try:
            told, _ = self._process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise
        self.sent = json.loads(told)


def attacks(peer, recorded):
    """Datagrams without end."""
    from mesh.core.coap import message as coap  # noqa: PLC0415 - who starts this needs none of it
    from mesh.core.codec import cbor  # noqa: PLC0415 - who starts this needs none of it
    from mesh.core.security.seal import seal_request  # noqa: PLC0415
    from mesh.core.security.signed_client import request_for  # noqa: PLC0415
    from mesh.hub.desktop_kit import make_identity, make_kit, new_secret  # noqa: PLC0415

    kit = make_kit()
    for n in itertools.count():
        yield os.urandom(1 + n % 1100)
        yield bytes((0x40 | n & 0x3F,)) + os.urandom(n % 200)
        write = request_for(coap.PUT, ["actuators", "led"])
        write.payload = cbor.encode(n)
        watch = request_for(coap.GET, ["sensors", "load"], observe=True)
        stranger = make_identity(new_secret(), lambda: 1)
        question = request_for(coap.FETCH, ["peer"])
        seal_request(kit, stranger, peer, question, None, b"")
        for message in (write, watch, question, *map(coap.parse, recorded)):
            message.type = n & 1
            message.mid = random.randrange(65536)
            message.token = os.urandom(4)
            yield coap.build(message)


def main(host, port, peer, per_second, *recorded):
    """Send a batch at a time, from many ports."""
    with contextlib.ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            for _ in range(SOURCES)
        ]
        datagrams = attacks(bytes.fromhex(peer), [bytes.fromhex(r) for r in recorded])
        print("started", flush=True)
        sent = 0
        while sent < MOST and not select.select([sys.stdin], [], [], BATCH / int(per_second))[0]:
            for data in itertools.islice(datagrams, BATCH):
                with contextlib.suppress(OSError):  # a full buffer: it is lost, as UDP may
                    sockets[sent % SOURCES].sendto(data, (host, int(port)))
                sent += 1
    print(json.dumps(sent))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main(*sys.argv[1:])
