"""A host that has no part in any of this: what comes to its ports is counted, never answered."""

import socket

HOST = "127.0.9.9"


class Bystander:
    """So many ports of it. `datagrams` and `bytes` that came there from an address, as liars who
    believe each other hit it too. A context manager.
    """

    def __init__(self, ports, source):
        self.datagrams = self.bytes = 0
        self._source = source
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(ports)]
        for sock in self.sockets:
            sock.bind((HOST, 0))
            sock.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock in self.sockets:
            sock.close()

    @property
    def addresses(self):
        """Where it is."""
        return [f"{HOST}:{sock.getsockname()[1]}" for sock in self.sockets]

    def said(self):
        """Take in what came; what is told of it."""
        for sock in self.sockets:
            try:
                while True:
                    data, source = sock.recvfrom(65536)
                    if source == self._source:
                        self.datagrams += 1
                        self.bytes += len(data)
            except BlockingIOError:
                continue
        return {"datagrams": self.datagrams, "bytes": self.bytes}
