"""What a peer that keeps others has of them."""

from ledger import read
from patience import look


def own_seqs(keeper, author):
    feed = read(keeper.home).get(author.id)
    return max(feed.entries, default=0) if feed is not None else 0


def goes_on(keeper, author):
    """It keeps what an author measures from now on."""
    start = own_seqs(keeper, author)
    look(lambda: own_seqs(keeper, author) > start + 3, lambda: keeper.lines[-20:])
