"""Section 6, rules for which entries have to be offered to the peer: checked only on request.

The run stays in the store of a peer that keeps all feeds.
"""

from typing import Any

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.feed.chain import genesis, next_link, seal_head
from mesh.hub.conform.expecting import NotOffered, expect, expect_code
from mesh.hub.conform.one_rule import Check
from mesh.hub.conform.stranger import Stranger

CLOCK = [0, 1, 1000, None]
# items of an entry after its seq: unknown kinds, an invalid body of a known one, and what a later
# version may write: more items, a longer clock, other qualities, a kind that is no text
UNKNOWN: tuple[list[object], ...] = (
    [CLOCK, "x-conform", {"unknown": [1, None, "\u2603"]}],
    [CLOCK, "reading", 7],
    [CLOCK, "conform", None, "one item more", 2],
    [[*CLOCK, "more"], "conform", None],
    [[9, 1, 1000, None], "conform", None],
    [CLOCK, 7, None],
)


def _run(stranger: Stranger) -> list[Any]:
    """A run of the stranger's own feed."""
    kit, author = stranger.kit, stranger.identity.public
    before = link = genesis(kit, author)
    entries = [kit.encode([seq, *rest]) for seq, rest in enumerate(UNKNOWN, 1)]
    for entry in entries:
        link = next_link(kit, link, entry)
    return [author, 1, before, entries, seal_head(stranger.identity, len(entries), link)]


async def unknown_kinds(stranger: Stranger) -> None:
    """A run is accepted, and served as it came."""
    run = _run(stranger)
    answer = await stranger.ask(coap.POST, "feeds", [run])
    if answer.code in (codes.NOT_ALLOWED, codes.NOT_FOUND):
        raise NotOffered("it takes no runs")
    expect_code(answer.code, codes.CHANGED)
    held: Any = stranger.kit.decode(answer.payload)
    if held == {}:
        raise NotOffered("it keeps no feeds of strangers")
    author = stranger.identity.public
    expect(held == {author: len(UNKNOWN)}, f"seq {len(UNKNOWN)} held", held)
    given = await stranger.read("feeds", {author: 1})
    expect(run in given, "the run as it was offered", given)


async def wrong_run(stranger: Stranger) -> None:
    """A run whose head has a wrong signature is refused."""
    newcomer = stranger.another()
    async with newcomer.opened():
        run = _run(newcomer)
        run[4] = run[4][:-1] + bytes((run[4][-1] ^ 1,))
        await newcomer.ask(coap.POST, "feeds", [run])
        given = await newcomer.read("feeds", {newcomer.identity.public: 1})
        expect(not [one for one in given if isinstance(one, list)], "no run", given)


CHECKS = (
    Check("6", "what is not understood is kept and passed on as it came", unknown_kinds),
    Check("6", "a run that does not hold is not kept", wrong_run),
)
