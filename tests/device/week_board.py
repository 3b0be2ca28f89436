"""The board of tests/device/week.py: MicroPython, one process, whose heap is that of a board.

It reads a line for each thing that happens to it and writes what it sends; the world is elsewhere.
`t ms` time passes; `r ms channel host port hex` a datagram comes; `h` its heap.
"""

import gc
import sys

gc.threshold(2048)  # as mesh/device/main.py has it while all is loaded

from mesh.device import board as boards  # noqa: E402
from mesh.device import clock, config, ed25519, identity  # noqa: E402


def sign(secret, public, data):
    """A signature that is a hash: signing for real takes longer than a week has hours here."""
    return identity.sha256(b"1" + public + data) + identity.sha256(b"2" + public + data)


def verify(public, signature, data):
    """Check such a signature."""
    return signature == sign(None, public, data)


class Console:
    """Says only what may be a fault."""

    as_json = False

    def tell(self, what, **fields):
        if what in ("error", "failing", "restarted"):
            print("!", what, fields)

    def event(self, event):
        if type(event).__name__ in ("Forked", "Refused"):
            print("!", event)


class Sock:
    """Prints what is sent."""

    def __init__(self, address, own, most, shared=False):
        pass

    def join(self, group, own):
        pass

    def send(self, address, data):
        print("s", address[0], address[1], data.hex())


def main():
    now = [0]
    clock.Ticks = lambda: lambda: now[0]
    boards.Socket = Sock
    ed25519.sign, ed25519.verify = sign, verify
    ed25519.public_key = lambda secret: identity.sha256(b"public" + secret)
    profile, modules = config.load("settings.json")
    one = boards.Board(profile, modules, Console())
    gc.collect()
    gc.threshold(-1)
    one.open()
    loop, node = one.loop, one.node
    print("id", node.peer.id.hex())
    while True:
        line = sys.stdin.readline().split()
        if not line:
            return
        if line[0] == "h":
            gc.collect()
            print("h", gc.mem_alloc(), gc.mem_free(), len(node.contacts.table))
        else:
            now[0] = int(line[1])
        gc.collect()
        if line[0] == "r":
            source = line[3], int(line[4])
            node.receive(now[0], int(line[2]), source, bytes.fromhex(line[5]))
            loop.settle()
        if line[0] == "t":
            loop.turn()
        at = node.wake_at()
        until = min([job[0] for job in loop._jobs] + ([] if at is None else [at]))
        print("w", until)


main()
