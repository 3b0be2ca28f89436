"""Large responses of /feeds over TCP: the runs in them, and their size."""

from collections.abc import Mapping, Sequence
from typing import Any

from mesh.core.coap.message import Message
from mesh.core.feed.chain import size_of
from mesh.core.feed.feeds import Feeds
from mesh.core.full.archived import Archived
from mesh.hub.fairness import Fairness, User
from mesh.hub.store.archive import Archive
from mesh.hub.store.pieces import Found, Sizes
from mesh.hub.tcp import runs_check

BYTE_S = 2e-8  # estimated seconds to read a byte of an answer
LARGE = 262_144  # most bytes of an answer
RUN = 16_384  # bytes of one run in it, so that whoever keeps it can pass on parts of this size
SMALL = 4096  # bytes of an answer if the request has no max=
MOST_ENTRIES = 65_536  # most entries in one body
FLUSH_S = 30.0  # time for storing runs before they are acknowledged
OVERHEAD = 512  # most bytes of a message besides its body


def starts(wanted: Mapping[bytes, int | None]) -> list[tuple[bytes, int]]:
    """Parse wishes into {author: first seq}, for as many authors as one answer may have."""
    some = sorted(wanted)[: runs_check.MOST_RUNS]
    return [(author, max(first, 1)) for author in some if (first := wanted[author]) is not None]


async def read(
    archive: Archive,
    fair: Fairness,
    user: User,
    starts: Sequence[tuple[bytes, int]],
    sizes: Sizes,
) -> Found:
    """Read the runs that a user wants, in the archive's thread. The estimated cost is charged
    beforehand, so that not much more is begun than there is time for.
    """
    about_s = sizes.all * BYTE_S
    fair.charge(user, about_s)
    found, took_s = await archive.runs(user.key, starts, sizes)
    fair.charge(user, max(0.0, took_s - about_s))
    return found


def run(feeds: Feeds, author: bytes, first: int, room: int) -> list[Any] | None:
    """A run of an author from seq `first` on, a short one unless heads are farther apart."""
    feed = feeds.get(author)
    if room < OVERHEAD:
        return None
    feeds.head(author)  # signs new entries of the own feed
    found: list[Any] | None = None
    for size in (min(room, RUN), room):
        found = feeds.stored(author, first, size) if isinstance(feeds, Archived) else None
        if found is None and feed is not None:
            found = feed.run(first, size)
        if found is None or found[1] == first:  # else its beginning was left out for its size
            break
    return found


def answer(feeds: Feeds, wanted: Mapping[bytes, int | None], room: int) -> bytes:
    """Encode an array of runs, from a first seq of each author, in at most `room` bytes."""
    runs: list[list[Any]] = []
    for author, start in starts(wanted):
        first = start
        while len(runs) < runs_check.MOST_RUNS:
            one = run(feeds, author, first, room)
            if one is None or (runs and (one[1] > first or size_of(one) > room)):
                break  # what is left out comes first in the next answer
            room -= size_of(one)
            runs.append(one)
            first = runs_check.end(one)
    return runs_check.packed_all(runs)


def most(message: Message) -> int:
    """The bytes that a request accepts: its query ?max=BYTES."""
    for part in message.query():
        key, _, value = part.partition("=")
        if key == "max" and value.isascii() and value.isdigit() and len(value) < 10:  # noqa: PLR2004
            return int(value)
    return SMALL
