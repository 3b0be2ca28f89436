"""Announcements of mDNS with names that are none, and what cannot be read at all."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

import os
import socket
import struct
import time

from stranger import run

GROUP = ("224.0.0.251", 5353)
HERE = "127.0.0.1"
PTR, TXT, SRV = 12, 16, 33
BURST, PAUSE_S = 10, 0.01  # so that most of it is not lost before the victim


def name(*labels):
    """A name as it goes over the wire."""
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


SERVICE = (b"_othermesh", b"_udp", b"local")


def names(n):
    """Names of peers that no peer has."""
    number = b"%d" % n
    yield name(number)
    yield name(number, b"_http", b"_tcp", b"local")
    yield name()
    yield name(b"\0" + number, *SERVICE)
    yield name(b"\xff" * 30 + number, *SERVICE)
    yield name(b"a" + number, b"_x", *SERVICE)
    yield name(*SERVICE)
    yield name(b".", number, *SERVICE)
    yield name(number, *[b"b"] * 120, *SERVICE)
    yield b"\xc0\x0c"  # points to itself
    yield b"\x3f" + number


def record(owner, kind, data):
    """A record that is good for an hour."""
    return owner + struct.pack(">HHIH", kind, 1, 3600, len(data)) + data


def packets(n):
    """What is sent, in its turn."""
    head = struct.pack(">HHHHHH", 0, 0x8400, 0, 1, 0, 0)
    for odd in names(n):
        yield head + record(name(*SERVICE), PTR, odd)
        for kind, data in ((TXT, b"\xffv=2"), (SRV, bytes(6) + odd), (PTR, odd)):
            yield head + record(odd, kind, data)
    yield head + os.urandom(200)
    yield os.urandom(n % 300)


def attack(target):
    """So many."""
    sent = n = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(HERE))
        while sent < target.count:
            for data in packets(n):
                sock.sendto(data, GROUP)
                sent += 1
                if sent % BURST == 0:
                    time.sleep(PAUSE_S)
            n += 1
            yield sent


if __name__ == "__main__":
    run(attack)
