"""Answers to large questions over TCP: which runs they hold, and those that hold none."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mesh.core import coap
from mesh.core.coap import Message
from mesh.core.feeds import Feeds
from mesh.hub import bulk_check
from mesh.hub.fairness import Fairness, User
from mesh.hub.store.archive import Archive
from mesh.hub.store.pieces import Found, Sizes

BYTE_S = 2e-8  # seconds that a byte of an answer takes to be read, about
LARGE = 262_144  # bytes of an answer, at most
RUN = 16_384  # bytes of one run in it: whoever keeps it can hand on parts as small as that
SMALL = 4096  # bytes of an answer to who does not say how much it takes
OVERHEAD = 512  # bytes of a message around its body, at most
TOO_MANY = 0x9D  # 4.29


def starts(wanted: Mapping[bytes, int | None]) -> list[tuple[bytes, int]]:
    """From where on runs of whom are wanted, of as many authors as are answered at once."""
    some = sorted(wanted)[: bulk_check.MOST_RUNS]
    return [(author, max(first, 1)) for author in some if (first := wanted[author]) is not None]


async def read(
    archive: Archive,
    fair: Fairness,
    user: User,
    starts: Sequence[tuple[bytes, int]],
    sizes: Sizes,
) -> Found:
    """Have an archive read what a user asks for; about what it costs is charged before, so that
    not much more is begun than there is time for.
    """
    about_s = sizes.all * BYTE_S
    fair.charge(user, about_s)
    found, took_s = await archive.runs(user.key, starts, sizes)
    fair.charge(user, max(0.0, took_s - about_s))
    return found


def run(feeds: Feeds, author: bytes, first: int, room: int) -> list[Any] | None:
    """A run of an author from `first` on, a short one unless heads are farther apart."""
    feed = feeds.get(author)
    if room < OVERHEAD:
        return None
    feeds.head(author)  # signs, if it is our own
    found: list[Any] | None = None
    for size in (min(room, RUN), room):
        found = None
        if feeds.archive is not None and (feed is None or first < feed.first_seq):
            found = feeds.archive.run(author, max(first, 1), size)
        if found is None and feed is not None:
            found = feed.run(first, size)
        if found is None or found[1] == first:  # else part of it was left out for its size
            break
    return found


def most(message: Message) -> int:
    """How many bytes a request says that it takes: ?max=BYTES."""
    for part in message.query():
        key, _, value = part.partition("=")
        if key == "max" and value.isascii() and value.isdigit() and len(value) < 10:  # noqa: PLR2004
            return int(value)
    return SMALL


def too_many(request: Message, wait_s: float) -> Message:
    """4.29, and when to come back (RFC 8516)."""
    reply = plain(request, TOO_MANY, "too many at once")
    return reply.add(coap.MAX_AGE, math.ceil(wait_s) or 1)


def plain(request: Message, code: int, detail: str) -> Message:
    """A refusal without a signature."""
    return Message(code, detail.encode(), token=request.token)
