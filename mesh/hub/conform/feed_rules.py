"""Sections 2 and 6: CBOR, feeds, and requests to /feeds."""

from typing import Any

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.errors import RemoteError
from mesh.core.feed.chain import Run, open_head, read_run
from mesh.core.limits import Limits
from mesh.core.ranges import END
from mesh.core.security.signed_client import request_for
from mesh.hub.conform.expecting import (
    NotOffered,
    Unmet,
    expect,
    expect_code,
    expect_only,
)
from mesh.hub.conform.one_rule import Check
from mesh.hub.conform.stranger import Stranger

OTHERS = b""
LARGE = "max=60000"  # most bytes of an answer
TRIES = 8


async def deterministic(stranger: Stranger) -> None:
    """The content of several resources, decoded and encoded again, is the same."""
    for path in ("peer", "feeds", "time"):
        answer = await stranger.ask(coap.FETCH, path)
        expect_code(answer.code, codes.CONTENT)
        try:
            again = stranger.kit.encode(stranger.kit.decode(answer.payload))
        except RemoteError as error:
            raise Unmet("CBOR of the subset", error.detail) from error
        expect(again == answer.payload, "deterministic CBOR", answer.payload.hex())


async def refused_cbor(stranger: Stranger) -> None:
    """Bodies outside of the CBOR subset: a long form, an indefinite map, two items, a tag."""
    for body in (b"\xa1\x40\x18\x00", b"\xbf\xff", b"\xa0\xa0", b"\xc0\x61x"):
        message = request_for(coap.FETCH, ["feeds"])
        digest = stranger.seal(message, body)
        answer = stranger.open(digest, await stranger.plain(message))
        expect_code(answer.code, codes.BAD_REQUEST)
        expect(answer.signed, "a signed refusal", "one that is not")


def _heads(stranger: Stranger, items: list[Any]) -> dict[bytes, int]:
    """The seq of each head, by author. Unmet if one is invalid."""
    found = {}
    for item in items:
        author = _author(stranger, item)
        try:
            found[author] = open_head(stranger.kit, author, item)[0]
        except RemoteError as error:
            raise Unmet("a head that its author signed", error.detail) from error
    return found


def _author(stranger: Stranger, head: bytes) -> bytes:
    try:
        fields: Any = stranger.kit.decode(head)
        author: bytes = stranger.kit.decode(fields[0])[4]  # type: ignore[index]
    except (RemoteError, LookupError, TypeError) as error:
        raise Unmet("a head with its author as kid", head.hex()) from error
    return author


async def _own_seq(stranger: Stranger) -> int:
    """The newest seq of the peer's own feed."""
    for item in await _items(stranger, {stranger.peer: None}):
        if isinstance(item, bytes):
            return _heads(stranger, [item])[stranger.peer]
    raise NotOffered("nothing of its own yet")


async def _items(stranger: Stranger, wishes: dict[bytes, int | None], *query: str) -> list[Any]:
    items = await stranger.read("feeds", wishes, *query)
    expect(isinstance(items, list), "an array", items)
    known: list[Any] = items
    return known


def _run(stranger: Stranger, item: object) -> Run:
    try:
        return read_run(stranger.kit, item, Limits())
    except RemoteError as error:
        raise Unmet("a run that holds", error.detail) from error


async def heads(stranger: Stranger) -> None:
    """FETCH /feeds without a body."""
    items = await stranger.read("feeds")
    expect_only(items, bytes, "an array of heads")
    _heads(stranger, items)


async def own_head(stranger: Stranger) -> None:
    """{id: null}."""
    await _own_seq(stranger)


async def own_run(stranger: Stranger) -> None:
    """{id: newest seq}."""
    seq = await _own_seq(stranger)
    items = await _items(stranger, {stranger.peer: seq})
    runs = [_run(stranger, item) for item in items if isinstance(item, list)]
    expect(bool(runs), f"a run with seq {seq}", items)
    run = runs[0]
    expect(run.author == stranger.peer, "a run of its own", run.author.hex())
    expect(run.first <= seq <= run.seq, f"a run with seq {seq}", (run.first, run.seq))


async def gap(stranger: Stranger) -> None:
    """All entries of the own feed that are held, run after run, as when a gap is filled."""
    last, first = await _own_seq(stranger), 1
    link: bytes | None = None
    while first <= last:
        items = await _items(stranger, {stranger.peer: first})
        runs = [_run(stranger, item) for item in items if isinstance(item, list)]
        expect(bool(runs), f"a run of what is from seq {first} to {last}", items)
        for run in runs:
            expect(run.seq >= first, f"a run with seq {first} or later ones", run.seq)
            if link is not None and run.first == first:
                expect(run.before == link, f"the link before seq {first}", run.before.hex())
            first, link = run.seq + 1, run.links[-1]


async def beyond(stranger: Stranger) -> None:
    """Entries that do not exist yet: {id: newest seq + 2^20}."""
    items = await _items(stranger, {stranger.peer: await _own_seq(stranger) + (1 << 20)})
    expect(not [one for one in items if isinstance(one, list)], "no run", items)


async def cursor(stranger: Stranger) -> None:
    """{h'': 0}, and then the cursor of the answer."""
    told = await _caught_up(stranger, 0)
    for _ in range(TRIES):  # entries written meanwhile are in the answers, too
        items = await _items(stranger, {OTHERS: told}, LARGE)
        if told in items and not [one for one in items if isinstance(one, bytes)]:
            return
        told = await _caught_up(stranger, told)
    raise Unmet("nothing but the cursor, from the cursor on", f"heads, {TRIES} times")


async def _caught_up(stranger: Stranger, told: int) -> int:
    """The cursor, when all heads have come. Those that came are named with an impossible seq, to
    make room for others.
    """
    named: dict[bytes, int | None] = {}
    while True:
        items = await _items(stranger, {OTHERS: told, **named}, LARGE)
        found = _heads(stranger, [one for one in items if isinstance(one, bytes)])
        numbers = [one for one in items if isinstance(one, int)]
        if numbers:
            expect(len(numbers) == 1, "one cursor", numbers)
            return numbers[0]
        expect(not set(found) <= set(named), "a cursor, or heads that did not come yet", items)
        named |= dict.fromkeys(found, END)


async def unknown_cursor(stranger: Stranger) -> None:
    """An invalid cursor counts as 0."""
    items = await _items(stranger, {OTHERS: END - 1}, LARGE)
    every = await _items(stranger, {OTHERS: 0}, LARGE)
    known, told = [[one for one in items if isinstance(one, bytes)] for items in (every, items)]
    expect(bool(told) or not known, f"heads, as cursor 0 gives {len(known)}", items)


async def bad_wishes(stranger: Stranger) -> None:
    """No map, an impossible seq, an author that is no byte string."""
    wrong: tuple[object, ...] = ([], {stranger.peer: -1}, {stranger.peer: END + 2})
    for wishes in wrong:
        answer = await stranger.ask(coap.FETCH, "feeds", wishes)
        expect_code(answer.code, codes.BAD_REQUEST)
        expect(answer.signed, "a signed refusal", "one that is not")


async def strange_wish(stranger: Stranger) -> None:
    """A feed that does not exist."""
    items = await _items(stranger, {stranger.identity.public: 1})
    expect(not [one for one in items if isinstance(one, list)], "no run", items)


async def unknown_key(stranger: Stranger) -> None:
    """A wish whose key is no byte string, as a later version may have."""
    items = await stranger.read("feeds", {stranger.peer: None, 7: 1})
    expect_only(items, bytes, "heads alone")


async def evidence(stranger: Stranger) -> None:
    """FETCH /feeds?evidence with an array of authors."""
    answer = await stranger.ask(coap.FETCH, "feeds", [stranger.peer], ["evidence"])
    if answer.code >> 5 == codes.REFUSAL:
        raise NotOffered("proofs of forks")
    expect_code(answer.code, codes.CONTENT)
    found = stranger.kit.decode(answer.payload)
    expect(isinstance(found, dict), "a map of authors to evidence", found)


async def bad_runs(stranger: Stranger) -> None:
    """An offer that is no array, and one that has no run."""
    wrong: tuple[object, ...] = ({}, [1])
    for offer in wrong:
        answer = await stranger.ask(coap.POST, "feeds", offer)
        if answer.code in (codes.NOT_ALLOWED, codes.NOT_FOUND):
            raise NotOffered("it takes no runs")
        expect_code(answer.code, codes.BAD_REQUEST)


async def observation(stranger: Stranger) -> None:
    """The first answer to a neighbour fits into a datagram, is signed, and has an Observe
    number.
    """
    newcomer = stranger.another()
    async with newcomer.opened():
        await newcomer.ask(coap.POST, "feeds", [])  # verifies its address first
        message = request_for(coap.FETCH, ["feeds"], (), True)
        digest = newcomer.seal(message, newcomer.kit.encode({OTHERS: 0}))
        answer = await newcomer.exchange(newcomer.number(message))
        if answer.uint(coap.BLOCK2) or answer.code == codes.UNAUTHORIZED:
            raise NotOffered("no observation for an address that has not proven itself")
        opened = newcomer.open(digest, answer)
        expect_code(opened.code, codes.CONTENT)
        if answer.get(coap.OBSERVE) is None:
            raise NotOffered("no place for one more observer")
        expect(opened.signed, "a signed first answer", "one that is not")
        items: Any = newcomer.kit.decode(opened.payload)
        expect(isinstance(items, list), "an array", items)


CHECKS = (
    Check("2", "content is deterministic CBOR of the subset", deterministic),
    Check("2", "other CBOR is refused with 4.00", refused_cbor),
    Check("6", "all heads, each signed by its author", heads),
    Check("6", "{author: null}: its head", own_head),
    Check("6", "{author: seq}: a run with that seq", own_run),
    Check("6", "a gap is filled run by run", gap),
    Check("6", "nothing is given of what is not there yet", beyond),
    Check("6", "{h'': cursor}: what changed since, and the next cursor", cursor),
    Check("6", "a cursor that was never told counts as 0", unknown_cursor),
    Check("6", "wishes out of range get 4.00", bad_wishes),
    Check("6", "a key of a wish that is not known is passed over", unknown_key),
    Check("6", "a wish for an unknown feed is no error", strange_wish),
    Check("6", "evidence by author", evidence),
    Check("6", "what is no offer of runs gets 4.00", bad_runs),
    Check("6", "/feeds can be observed", observation),
)
