"""Two honest peers exchange signed messages while a stranger floods one of them.

The stranger sends as fast as one core can: noise, forged signatures, and questions that are signed
as they should be, by keys that nobody knows. Beside it, the same exchanges while a process that
sends nothing is as busy.
"""

import asyncio
import contextlib
import itertools
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import costly
from measure import exchanges

KINDS = ("garbage", "forged", "signed", "all")
FILLED_S = 12  # until what is remembered for EXCHANGE_LIFETIME is as much as it will be
READY = 3000  # datagrams that are made before, and sent again and again
SOURCES = 64  # ports that they come from

ROUNDS = 6  # calm and flooded in turn, so that what else this machine does meets both alike
SETTLE_S = 0.3  # after each change

# calm, flooded: exchanges a second; sent_per_s: what the stranger sent in a second of a core;
# grown_kib: what the flooded peer's memory grew by, from an early moment to the end
Flooded = namedtuple("Flooded", ("calm", "flooded", "sent_per_s", "grown_kib"))


async def beside(one, server, kind, seconds, outstanding=8):
    """Rates of exchanges `await one()` with a server (pid, address, id), calm and flooded."""
    pid, address, peer = server
    rates = {"busy": [], "flood": []}
    async with (
        _running("busy") as (busy, _),
        _flooding(kind, address, peer) as (flooder, told),
    ):
        busy.send_signal(signal.SIGSTOP)
        await exchanges(one, outstanding, min(FILLED_S, 2 * seconds))
        before = resident_kib(pid)
        for _ in range(ROUNDS):
            for name, runs, waits in (("busy", busy, flooder), ("flood", flooder, busy)):
                waits.send_signal(signal.SIGSTOP)
                runs.send_signal(signal.SIGCONT)
                await exchanges(one, outstanding, SETTLE_S)
                rates[name].append((await exchanges(one, outstanding, seconds / ROUNDS)).per_s)
        grown = resident_kib(pid) - before
    calm, flooded = (sum(rates[name]) / ROUNDS for name in ("busy", "flood"))
    return Flooded(calm, flooded, told[0], grown)


def _flooding(kind, address, peer):
    if kind in costly.KINDS:
        return _running(kind, *address, peer.hex(), file=costly.__file__)
    return _running("flood", *address, peer.hex(), kind)


@contextlib.asynccontextmanager
async def _running(*arguments, file=__file__):
    """A process of a file, and a list that has what it tells, afterwards."""
    process = subprocess.Popen(
        [sys.executable, file, *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    told = []
    try:
        await asyncio.to_thread(process.stdout.readline)
        yield process, told
    finally:
        process.send_signal(signal.SIGCONT)
        told.append(json.loads((await asyncio.to_thread(process.communicate))[0]))


def resident_kib(pid):
    """The memory that a process has."""
    return (
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    )


def busy():
    """Use a whole core, until standard input closes."""
    print("started", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        sum(range(10_000))
    print(0)


def flood(host, port, peer, kind):
    """Send without a pause, until standard input closes; then tell how many a second of a core."""
    import time  # noqa: PLC0415

    datagrams = list(itertools.islice(made(bytes.fromhex(peer), kind), READY))
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(SOURCES)]
    for sock in sockets:
        sock.setblocking(False)
        sock.connect((host, int(port)))
    print("started", flush=True)
    sent, start = 0, time.process_time()
    while not select.select([sys.stdin], [], [], 0)[0]:
        for data in datagrams:
            with contextlib.suppress(OSError):
                sockets[sent % SOURCES].send(data)
            sent += 1
    print(sent / (time.process_time() - start))


def made(peer, kind):
    """Datagrams of a kind, without end."""
    from mesh.core.coap import message as coap  # noqa: PLC0415 - each process loads what it needs
    from mesh.core.security.seal import seal_request  # noqa: PLC0415
    from mesh.core.security.signed_client import request_for  # noqa: PLC0415
    from mesh.hub.desktop_kit import make_identity, make_kit, new_secret  # noqa: PLC0415

    kit = make_kit()
    random.seed(1)
    for n in itertools.count():
        which = KINDS[n % 3] if kind == "all" else kind
        if which == "garbage":
            yield os.urandom(20 + n % 900)
            continue
        stranger = make_identity(new_secret(), lambda: 1)
        message = request_for(coap.FETCH, ["peer"])
        seal_request(kit, stranger, peer, message, None, b"")
        if which == "forged":
            message.payload = message.payload[:-8] + os.urandom(8)
        message.type, message.mid = n & 1, random.randrange(65536)
        message.token = os.urandom(4)
        yield coap.build(message)


if __name__ == "__main__":
    if sys.argv[1] == "busy":
        busy()
    else:
        flood(*sys.argv[2:])
