"""A relay between programs of others and a peer, which keeps what passes."""

import select
import socket
import threading

HOST = "127.0.0.1"


def bound():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((HOST, 0))
    return sock


class Relay:
    """Passes datagrams to a port and back; each asker has an address of its own there, too.
    `passed`: (whether it is for the peer, datagram) in order.
    """

    def __init__(self, port):
        self.passed = []
        self._to = (HOST, port)
        self._front = bound()
        self._behind = {}
        self.port = self._front.getsockname()[1]
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        with bound() as sock:
            sock.sendto(b"", (HOST, self.port))
        self._thread.join()
        for sock in (self._front, *self._behind.values()):
            sock.close()

    def _run(self):
        while True:
            for sock in select.select([self._front, *self._behind.values()], [], [])[0]:
                data, source = sock.recvfrom(65_536)
                if not data:
                    return
                self.passed.append((sock is self._front, data))
                if sock is self._front:
                    if source not in self._behind:
                        self._behind[source] = bound()
                    self._behind[source].sendto(data, self._to)
                else:
                    asker = next(a for a, s in self._behind.items() if s is sock)
                    self._front.sendto(data, asker)

    def taken(self):
        """How many requests and pings passed since the last time; of the others, the longest."""
        passed, self.passed = self.passed, []
        requests = [data for there, data in passed if there and 0 < data[1] < 32]
        pings = {data for there, data in passed if not there and data[:2] == b"\x40\0"}
        return len(requests), len(pings), max(len(data) for _, data in passed)
