"""A process that proves its address and asks one peer on loopback at a rate, signed and
valid: HOST PORT ID(hex) PER_SECOND. It tells how many it sent, and what came, as JSON.
"""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from pathlib import Path

SECONDS = 20  # that it may take to end
BATCH = 10


class Asker:
    """Such a process, while in the context. `sent`, and `codes` of what came, afterwards."""

    def __init__(self, address, peer, per_second):
        self.sent, self.codes = 0, {}
        self._process = subprocess.Popen(
            [sys.executable, __file__, *map(str, address), peer.hex(), str(per_second)],
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
        self.sent, self.codes = json.loads(told)


class Stranger:
    """One key at one port."""

    def __init__(self, host, port, peer):
        from mesh.hub.desktop_kit import make_identity, make_kit, new_secret  # noqa: PLC0415

        self._kit, self._peer = make_kit(), peer
        self._me = make_identity(new_secret(), iter(range(1, 1 << 40)).__next__)
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.connect((host, port))
        self._sock.setblocking(False)
        self._mid = 0
        self.codes, self.sent = {}, 0

    def question(self, echo=None):
        """A new one, valid in all its parts."""
        from mesh.core.coap import message as coap  # noqa: PLC0415
        from mesh.core.security.seal import seal_request  # noqa: PLC0415
        from mesh.core.security.signed_client import request_for  # noqa: PLC0415

        message = request_for(coap.FETCH, ["peer"])
        if echo is not None:
            message.add(coap.ECHO, echo)
        seal_request(self._kit, self._me, self._peer, message, None, b"")
        self._mid = (self._mid + 1) & 0xFFFF
        message.type, message.mid, message.token = coap.NON, self._mid, os.urandom(4)
        return coap.build(message)

    def send(self, data):
        """Send, or leave it if there is no room."""
        with contextlib.suppress(OSError):
            self._sock.send(data)
            self.sent += 1

    def hear(self, wait_s):
        """Take in what came; an Echo value to go on with, if there is one."""
        from mesh.core import codes  # noqa: PLC0415
        from mesh.core.coap import message as coap  # noqa: PLC0415

        echo, until_s = None, time.monotonic() + wait_s
        while select.select([self._sock], [], [], max(0.0, until_s - time.monotonic()))[0]:
            with contextlib.suppress(OSError):
                message = coap.parse(self._sock.recv(2048))
                name = codes.text(message.code)
                self.codes[name] = self.codes.get(name, 0) + 1
                echo = message.get(coap.ECHO) or echo
        return echo


def main(host, port, peer, per_second):
    """Prove an address, and ask until the input ends."""
    me = Stranger(host, int(port), bytes.fromhex(peer))
    print("started", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        for _ in range(BATCH):
            me.send(me.question())
        echo = me.hear(BATCH / int(per_second))
        if echo is not None:  # it proves this address: from now on it counts as proven
            me.send(me.question(echo))
    me.hear(0.1)
    print(json.dumps([me.sent, me.codes]))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    main(*sys.argv[1:])
