"""A peer that says as much as it can, to be killed: HOME. Says which seq is kept after each keep,
and, after `f`, how many foreign runs were flushed.
"""

import os
import sys
from itertools import islice
from pathlib import Path

from stored import feed, identity

from mesh.core.feed.feeds import Feeds
from mesh.core.limits import Limits
from mesh.hub.desktop_kit import make_kit
from mesh.hub.home.home import Home
from mesh.hub.store.archive import Archive
from mesh.hub.store.own import OwnFeed

TAIL = 64


def main(folder):
    with Home(folder) as home:
        limits = Limits(tail=TAIL)
        feeds = Feeds(make_kit(), home.identity, limits, home.boots)
        with Archive(Path(folder) / "store.db") as archive:
            why = OwnFeed(archive, home.identity, TAIL).restore(feeds.own, home.silent)
            home.speaks()
            os.write(1, f"start {feeds.own.next_seq} {why}\n".encode())
            runs = iter(feed(identity(7), 20_000, 20))
            flushed = 0
            while True:
                for _ in range(3):
                    at = feeds.own.next_seq
                    feeds.own.append(
                        [2, home.boots, at, 1_790_000_000_000 + at], "reading", [{0: "x", 2: at}]
                    )
                feeds.own.keep()
                os.write(1, f"kept {feeds.own.next_seq - 1 - feeds.own.unkept}\n".encode())
                for run in islice(runs, 20):
                    archive.took(run.author, run)
                    flushed = run.seq
                archive.flush(30)
                os.write(1, f"flushed {flushed}\n".encode())


main(sys.argv[1])
