"""mesh key: the next key, guardians, and going on under another key."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, closing
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.cli import forms
from mesh.cli.board_options import Yes, sure
from mesh.cli.options import HomeFolder, Interface, Json, Reply
from mesh.core import peer_id as ids
from mesh.core.relations import key, mark
from mesh.core.relations.mark import NO, YES
from mesh.hub.failure import NOBODY, USAGE, Failure, NotFound
from mesh.hub.home import next_key
from mesh.hub.home.home import Home
from mesh.hub.operations import guarding, relating, session, succeeding
from mesh.hub.operations.succeeding import Old, Wish
from mesh.hub.store import schema
from mesh.hub.store.archive import Archive

EXAMPLE = "mesh key next; mesh key show greenhouse; mesh key succeed"
FORMS = {
    "show": ((0, 1), "show [PEER]"),
    "next": ((0, 0), "next"),
    "guard": ((1, key.GUARDIANS), "guard PEER..."),
    "succeed": ((0, 0), "succeed"),
    "recover": ((1, 1), "recover PEER"),
    "refuse": ((1, 1), "refuse PEER"),
    "lost": ((1, 1), "lost PEER"),
    "stolen": ((0, 0), "stolen"),
}
Rows = AsyncGenerator[Any, None]
LOOK_S = 5.0


def command(  # noqa: PLR0913, PLR0917 - each is an option
    what: Annotated[str, typer.Argument(metavar="|".join(FORMS), help="What is done.")] = "show",
    words: Annotated[list[str] | None, typer.Argument(metavar="[PEER]...", help="Whom.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="Of the next key; else in the home."),
    ] = None,
    need: Annotated[
        int | None, typer.Option("--need", min=1, max=8, help="How many guardians; a majority.")
    ] = None,
    guard: Annotated[
        list[str] | None,
        typer.Option("--guard", metavar="PEER", help="A guardian from then on, with `succeed`."),
    ] = None,
    before: Annotated[
        int | None,
        typer.Option("--from", metavar="SEQ", min=2, help="The first entry that is not ours."),
    ] = None,
    home: HomeFolder = None,
    interface: Interface = None,
    yes: Yes = False,
    json: Json = False,
) -> Reply:
    """Show keys, prepare the next one, or go on under it.

    `next` makes the next key and commits to its hash; its file never leaves this computer, and is
    best kept on another one. `guard` does so with guardians. `succeed` goes on under it: the
    former feed ends, all who follow it follow the new one. `lost` has a fresh home (--home) go on
    for a peer whose key is gone, `recover` is a guardian's yes to that, `refuse` a no. `stolen`
    ends the former feed before the first entry that is not ours.
    """
    given = words or []
    forms.check(FORMS, what, given, "keys")
    choices = session.Choices(home, interface)
    if what == "show":
        return Reply("keys", _show(choices, given, file), json)
    items = {
        "next": lambda: _next(choices, file, [], 0),
        "guard": lambda: _guard(choices, file, given, need),
        "succeed": lambda: _succeed(choices, Wish(file), guard, need, yes),
        "stolen": lambda: _succeed(choices, Wish(file, before, stolen=True), guard, need, yes),
        "recover": lambda: _word(choices, given[0], YES, yes),
        "refuse": lambda: _word(choices, given[0], NO, yes),
        "lost": lambda: _lost(choices, given[0], file),
    }[what]()
    return Reply("key_done", items, json)


async def _show(choices: session.Choices, given: list[str], file: Path | None) -> Rows:
    ring = guarding.keyring(choices.home)
    with closing(ring.store.database):
        peer = relating.peer_of(choices.home, given[0]) if given else ring.me
        own = peer == ring.me
        path = next_key.place(Home(choices.home), file)
        row = ring.row(peer) | {"own": own, "asked": ring.asked() if own else []}
        yield row | {"file": str(path) if own and path.exists() else None}


def _guardians(
    choices: session.Choices, words: list[str], need: int | None
) -> tuple[list[bytes], int]:
    found = [relating.peer_of(choices.home, word) for word in words]
    if len(set(found)) < len(found):
        raise Failure("one guardian is named twice", "nothing was done", USAGE)
    many = len(found) // 2 + 1 if need is None else need
    if found and many > len(found):
        raise Failure(f"{many} of {len(found)} guardians cannot be", "nothing was done", USAGE)
    return found, many if found else 0


async def _guard(
    choices: session.Choices, file: Path | None, words: list[str], need: int | None
) -> Rows:
    found, many = _guardians(choices, words, need)
    async for row in _next(choices, file, found, many):
        yield row


async def _next(
    choices: session.Choices, file: Path | None, guardians: list[bytes], need: int
) -> Rows:
    folder = Home(choices.home)
    if not (folder.path / schema.NAME).exists():
        with folder, Archive(folder.path / schema.NAME):  # creates key and store, the first time
            pass
    ring = guarding.keyring(choices.home)
    with closing(ring.store.database):
        ready = guarding.prepare(ring, file, guardians, need)
        label = ring.label
    following, named, many = ready.commitment
    row = await relating.write(choices, key.NAME, key.make(following, list(named), many))
    yield {
        "did": "said again" if ready.again else "committed",
        "seq": row["seq"],
        "next": following.hex(),
        "file": str(ready.path),
        "guardians": [label(one) for one in named],
        "need": many,
    }


async def _succeed(
    choices: session.Choices, wish: Wish, guard: list[str] | None, need: int | None, yes: bool
) -> Rows:
    home = Home(choices.home)
    if guard:
        found, many = _guardians(choices, guard, need)
        wish = wish._replace(guardians=found, need=many)
    if home.peer_id() is None:
        raise Failure("this peer has no identity yet", "nothing was done", USAGE)
    next_key.needed(next_key.place(home, wish.file))
    sure(f"end the feed of the peer in {home.path}, and go on under its next key?", yes)
    yield succeeding.succeed(home, wish)


async def _word(choices: session.Choices, word: str, said: int, yes: bool) -> Rows:
    ring = guarding.keyring(choices.home)
    with closing(ring.store.database):
        claim = ring.meant(relating.peer_of(choices.home, word))
        ring.check_word(claim, said)
        row = ring.claim_row(claim)
    if said == YES:
        who = f"{ids.short(claim.new)} goes on for {row['for']}"
        sure(f"say that {who}? ask the person whose it is, by another way", yes)
    await relating.write(choices, mark.NAME, mark.make(claim.ref, said))
    yield {"did": "yes" if said == YES else "no", "claim": row}


async def _lost(choices: session.Choices, word: str, file: Path | None) -> Rows:
    if file is not None:
        next_key.needed(next_key.place(Home(choices.home), file))
    old = await _last_of(choices, word)
    yield succeeding.begin(Home(choices.home), old, file)


async def _last_of(choices: session.Choices, word: str) -> Old:
    """The last entry of a peer's feed that anybody holds who is up. Failure."""
    found: list[Old] = []
    async with session.asking(choices, LOOK_S) as do:
        async with aclosing(do("peers", {})) as told:
            rows = [row async for some in told for row in some if row["state"] == "up"]
        for row in rows:
            async with aclosing(do("heads", {"peer": row["id"]})) as told:
                heads = [head async for some in told for head in some]
            whole = [one for one in heads if one["author"].startswith(word.casefold())]
            found += [
                Old(ids.from_text(one["author"]), one["seq"], bytes.fromhex(one["link"]))
                for one in whole
            ]
    if len({one.id for one in found}) != 1:
        what = "several feeds begin so" if found else f"nobody who is up holds a feed of '{word}'"
        raise NotFound(
            what, "write the first characters of its id; who is up: `mesh peers`", NOBODY
        )
    return max(found, key=lambda one: one.seq)
