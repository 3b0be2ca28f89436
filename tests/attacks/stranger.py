"""What attackers have: keys of their own, sockets, and a knowledge of the protocol.

An attack is a program of its own: a file here whose main() is run(attack). `attack(target)` does
what it does step by step and yields how many messages it has sent so far, or a dictionary with
that as "sent" and whatever else is to be told; it gets no more turns once it sent enough or its
standard input is closed. It tells an empty line when it has begun, and the last of these as JSON.
"""

import json
import os
import select
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.codec.formats import CBOR
from mesh.core.errors import RemoteError
from mesh.core.security.seal import open_response, seal_request
from mesh.core.security.signed_client import request_for
from mesh.hub.desktop_kit import make_identity, make_kit, new_secret

FOLDER = Path(__file__).resolve().parent
ANSWER_S = 3.0  # that an answer is waited for
ENDING_S = 30.0  # that a program may take to end
COSE = 18

# the victim: (host, port) and its id; count: how often to strike, as the attack understands it;
# per_s: so many messages a second, or 0 for as many as can be
Target = namedtuple("Target", ("address", "peer", "count", "per_s"), defaults=(0,))


class Stranger:
    """A key that nobody knows, and one UDP socket, which waits so long for each answer. A context
    manager.
    """

    def __init__(self, target, counter=0, host="127.0.0.1", answer_s=ANSWER_S):
        self.kit = make_kit()
        self.counter = counter
        self.identity = make_identity(new_secret(), self._next_counter)
        self.public = self.identity.public
        self.target = target
        self.sent = 0
        self._answer_s = answer_s
        self._mid = int.from_bytes(os.urandom(2), "big")
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _next_counter(self):
        self.counter += 1
        return self.counter

    def message(self, code, path, value=None, *, observe=False, query=(), echo=None):
        """A signed, confirmable request to the target, and the digest that its answer is bound to.

        `value` is what its body says, in CBOR; None for none.
        """
        message = request_for(code, list(path), list(query), observe=observe)
        if echo is not None:
            message.add(coap.ECHO, echo)
        body = b"" if value is None else cbor.encode(value)
        digest = seal_request(
            self.kit, self.identity, self.target.peer, message, CBOR if body else None, body
        )
        self._mid = self._mid + 1 & 0xFFFF
        message.type, message.mid, message.token = coap.CON, self._mid, os.urandom(4)
        return message, digest

    def send(self, data):
        """Send bytes to the target, or a message."""
        if not isinstance(data, bytes):
            data = coap.build(data)
        self._socket.sendto(data, self.target.address)
        self.sent += 1

    def receive(self, timeout_s):
        """The next CoAP message, acknowledged if it is confirmable; None if none comes."""
        if not select.select([self._socket], [], [], timeout_s)[0]:
            return None
        try:
            message = coap.parse(self._socket.recv(65536))
        except (RemoteError, OSError):
            return None
        if message.type == coap.CON and message.code:
            self.send(bytes((0x60, 0, message.mid >> 8, message.mid & 255)))
        return message

    def ask(self, code, path, value=None, **more):
        """Put a signed question until it is answered, with the Echo that is asked for.

        The last answer as (code, payload): of a signed one what it says, else its bytes; None if
        there was none.
        """
        answer = None
        for _ in range(3):
            message, digest = self.message(code, path, value, **more)
            self.send(message)
            answer = self._answer(message.token)
            echo = answer.get(coap.ECHO) if answer is not None else None
            if answer is None or answer.code != codes.UNAUTHORIZED or echo is None:
                break
            more["echo"] = echo
        if answer is None:
            return None
        payload = answer.payload
        if answer.uint(coap.CONTENT_FORMAT) == COSE:
            _, payload = open_response(self.kit, self.target.peer, self.public, digest, answer)
        return answer.code, payload

    def _answer(self, token):
        for _ in range(16):
            message = self.receive(self._answer_s)
            if message is None or (message.code and message.token == token):
                return message
        return None


class Attack:
    """Such a program at work, as a context manager or to the end. `told`, all that it tells, and
    `sent` of it are there afterwards.
    """

    def __init__(self, name, victim, count, per_s=0):
        host, port = victim.address
        arguments = (host, str(port), victim.public.hex(), str(count), str(per_s))
        self.told = {"sent": 0}
        self._process = subprocess.Popen(
            [*victim.host.wrap, sys.executable, FOLDER / f"{name}.py", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        )  # fmt: skip

    def __enter__(self):
        """It has begun."""
        self._line(ENDING_S)
        return self

    def __exit__(self, *_):
        self.end()

    @property
    def sent(self):
        """How many messages it sent."""
        return self.told["sent"]

    def end(self):
        """Have it end now."""
        try:
            told, _ = self._process.communicate(timeout=ENDING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise
        self._tells(told)

    def finish(self, timeout_s=300.0):
        """Let it do all that it came for."""
        self._line(ENDING_S)
        line = self._line(timeout_s)
        self._process.stdin.close()
        self._process.wait(ENDING_S)
        self._process.stdout.close()
        self._tells(line)

    def _tells(self, line):
        assert line.strip(), f"the attack ended with exit code {self._process.returncode}"
        self.told = json.loads(line)

    def _line(self, timeout_s):
        if not select.select([self._process.stdout], [], [], timeout_s)[0]:
            self._process.kill()
            self._process.communicate()
            raise AssertionError(f"the attack did not end in {timeout_s} s")
        return self._process.stdout.readline()


def run(attack):
    """Be such a program: HOST PORT ID(hex) COUNT PER_SECOND."""
    host, port, peer, *numbers = sys.argv[1:]
    told = None
    for now_told in attack(Target((host, int(port)), bytes.fromhex(peer), *map(int, numbers))):
        if told is None:
            print(flush=True)
        told = now_told
        if select.select([sys.stdin], [], [], 0)[0]:
            break
    print(json.dumps(told if isinstance(told, dict) else {"sent": told}), flush=True)
