"""Peers that list many others, all of them at ports of one host that has no part in this."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

import os

from bystander import Bystander
from liars import lying
from stranger import run

from mesh.core.codec.formats import PLAIN
from mesh.core.resources.resource import Resource, shared

ROWS = 40
LIARS = 6


def attack(target):
    """So many turns after all were asked."""
    with Bystander(LIARS * ROWS, target.address) as victim:
        places = iter(victim.addresses)

        def lie(desk):
            rows = [[os.urandom(32), "x", [next(places)], 0] for _ in range(ROWS)]
            peers = Resource("peers", lambda *_: rows, None, shared, PLAIN, 0)
            others = [one for one in desk.node.peer.resources if one.path != "peers"]
            desk.node.peer.resources = (peers, *others)

        yield from lying(target._replace(count=LIARS), lie, target.count, victim.said)


if __name__ == "__main__":
    run(attack)
