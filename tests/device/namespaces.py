"""Networks of a test's own, so that it neither hears nor disturbs anybody on this machine."""

import itertools
import os
import subprocess
import sys

import needs

COUNT = itertools.count()
# holds port 5353 as the responder of stock firmware does: alone
HOLDER = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 5353))
print("bound", flush=True)
sys.stdin.read()
"""


def needs_root():
    """Give the program `ip`; skip, and in CI fail, where no network namespace can be made."""
    ip = needs.program("ip")
    if ip is None:
        needs.missing("no program `ip` (package iproute2) for network namespaces")
    if os.geteuid() != 0:
        needs.missing("network namespaces need root: run this test as root, as CI does")
    return ip


class Namespace:
    """A network namespace; `wrap` goes before a command that is to run in it."""

    def __init__(self):
        self._ip = needs_root()
        self.name = f"othermesh-{os.getpid()}-{next(COUNT)}"
        self.wrap = [self._ip, "netns", "exec", self.name]
        self._holder = None

    def __enter__(self):
        self._run("netns", "add", self.name)
        self._run("-n", self.name, "link", "set", "lo", "up", "multicast", "on")
        return self

    def __exit__(self, *_):
        if self._holder is not None:
            self._holder.communicate(timeout=10)
        self._run("netns", "delete", self.name)

    def add_address(self, address):
        """Give it one more address."""
        self._run("-n", self.name, "address", "add", address, "dev", "lo")

    def add_interface(self, name, address):
        """Give it an interface without anybody else on its wire."""
        self._run("-n", self.name, "link", "add", name, "type", "veth", "peer", "far")
        for end in (name, "far"):
            self._run("-n", self.name, "link", "set", end, "up", "multicast", "on")
        self._run("-n", self.name, "address", "add", address, "dev", name)

    def take_5353(self):
        """Let a process hold port 5353 for itself until the end."""
        self._holder = subprocess.Popen(
            [*self.wrap, sys.executable, "-c", HOLDER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._holder.stdout.readline() == "bound\n"

    def _run(self, *words):
        done = subprocess.run([self._ip, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            needs.missing(f"ip {' '.join(words)}: {done.stderr.strip()}")
