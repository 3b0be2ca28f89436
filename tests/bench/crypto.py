"""Ed25519: what it allows on one core of this machine, and what it costs a board."""

import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(ROOT / "tests" / "device"))

from desk import Desk  # noqa: E402 - found by the line above

from mesh.boards.virtual.process import VirtualBoard, build, find_micropython  # noqa: E402
from mesh.core.coap import message as coap  # noqa: E402

MESSAGE = bytes(200)
ROUNDS = 1000
TIMES = 5


def ceiling():
    """(signatures, checks, signed round trips) a second on one core: the best of a few rounds.

    The best, as on a shared machine that is nearest to what nobody can pass.
    """
    rounds = [_round() for _ in range(TIMES)]
    sign, verify = min(r[0] for r in rounds), min(r[1] for r in rounds)
    return 1 / sign, 1 / verify, 1 / (2 * sign + 2 * verify)


def _round():
    key = Ed25519PrivateKey.generate()
    public = key.public_key()
    signature = key.sign(MESSAGE)
    start = time.perf_counter()
    for _ in range(ROUNDS):
        key.sign(MESSAGE)
    middle = time.perf_counter()
    for _ in range(ROUNDS):
        public.verify(signature, MESSAGE)
    end = time.perf_counter()
    return (middle - start) / ROUNDS, (end - middle) / ROUNDS


# run by MicroPython: the best of some times, for both ways, turn by turn
ON_A_BOARD = """
import json, sys, time
sys.path[:0] = sys.argv[1:]
import plain_ed25519 as tuned
import textbook_ed25519 as textbook
from mesh.device import ed25519 as fast
secret = bytes(range(32))
public = fast.public_key(secret)
data = bytes(200)
signature = fast.sign(secret, public, data)
ways = (("textbook", textbook), ("tuned", tuned), ("fast", fast))
found = {f"{name} {step}": [] for name, _ in ways for step in ("sign", "verify")}
for _ in range(15):
    for name, module in ways:
        start = time.ticks_us()
        assert module.sign(secret, public, data) == signature
        middle = time.ticks_us()
        assert module.verify(public, signature, data)
        end = time.ticks_us()
        found[name + " sign"].append(time.ticks_diff(middle, start))
        found[name + " verify"].append(time.ticks_diff(end, middle))
print(json.dumps({name: min(times) for name, times in found.items()}))
"""


def on_a_board():
    """Microseconds that MicroPython takes here, by "textbook sign", "fast verify" and so on."""
    command = [find_micropython(), "-X", "heapsize=1m", "-c", ON_A_BOARD]
    command += [str(ROOT), str(ROOT / "tests" / "core"), str(ROOT / "tests" / "bench")]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def longest_wait(folder, seconds):
    """(longest ms that a virtual board let a ping wait, signed exchanges meanwhile; the longest
    without any)."""
    limits = {"unsigned_per_s": 20_000}  # or it would not answer so many pings
    on_loopback = {"interface": "127.0.0.1"}
    build(folder, {"console": "json", "port": 0, "discovery": on_loopback, "limits": limits})
    with VirtualBoard(folder) as board, Desk() as desk:
        joined = board.wait("joined")
        peer = desk.meet(joined)
        host, _, port = joined["address"].rpartition(":")
        idle = _pinged((host, int(port)), seconds, lambda: time.sleep(0.01))
        count = 0

        def exchange():
            nonlocal count
            desk.ask(peer, coap.GET, "peer")
            count += 1

        return _pinged((host, int(port)), seconds, exchange), count, idle


def _pinged(address, seconds, work):
    """The longest ms that an answer to a CoAP ping took, while work() was done again and again."""
    waits = []
    end = time.perf_counter() + seconds

    def ping():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.settimeout(10)
            one.connect(address)
            number = 0
            while (start := time.perf_counter()) < end:
                number += 1
                one.send(coap.build(coap.Message(coap.EMPTY, b"", coap.CON, number & 0xFFFF)))
                one.recv(64)
                waits.append(time.perf_counter() - start)

    thread = threading.Thread(target=ping)
    thread.start()
    while thread.is_alive():
        work()
    thread.join()
    return max(waits) * 1000
