"""Has a home go on under its next key: its new feed begins with the entry that says so.

In this order, so that whatever is cut off can be done again: the first entry of the new feed is
stored, then the key is replaced in one step. No seq is signed twice, and counters go on.
"""

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mesh.core import peer_id as ids
from mesh.core.clock import NTP, PEERS
from mesh.core.errors import LocalError
from mesh.core.feed.chain import Run, genesis, make_entry, next_link, seal_head
from mesh.core.kit import Identity
from mesh.core.relations import key
from mesh.hub.desktop_kit import make_identity, make_kit
from mesh.hub.failure import SETUP, USAGE, Failure
from mesh.hub.home import files, marks, next_key
from mesh.hub.home.home import Home
from mesh.hub.operations import comparing
from mesh.hub.store import leftover, schema
from mesh.hub.store.archive import Archive
from mesh.hub.store.keyed import Keyed, keyed
from mesh.hub.store.queries import Queries

Row = dict[str, Any]
LAST = "SELECT max(last) FROM run WHERE author = (SELECT id FROM author WHERE key = ?)"
CONTRADICTED = "`mesh key stolen --from {}` ends the feed before that entry"
MORE = "others hand them back to `mesh up`; or `mesh key stolen --from {}` ends the feed there"


class Wish(NamedTuple):
    """How to go on. `file`: of the next key; `before`: the first entry that is not ours; guardians
    and `need`: those that the new feed commits to, those of the former one if None.
    """

    file: Path | None = None
    before: int | None = None
    guardians: Sequence[bytes] | None = None
    need: int = 0
    stolen: bool = False


class Old(NamedTuple):
    """The feed that ends: whose, and where."""

    id: bytes
    seq: int
    link: bytes


def succeed(home: Home, wish: Wish) -> Row:
    """Have a home that is not open go on by its next key. Failure, LocalError: nothing changed,
    or it is finished by the same command.
    """
    path = next_key.place(home, wish.file)
    new = next_key.needed(path)
    with home:
        me = home.identity.public
        if me == new:
            raise Failure(f"this peer has the key of {path} already", "nothing was done", USAGE)
        with _stored(home) as store:
            old, body = _planned(home, store, path, wish)
        if body:
            write_first(home, make_identity(_secret(path), lambda: 0), body)
    kept = _replace(home, me, path)
    return {
        "did": "stolen" if wish.stolen else "succeeded",
        "id": ids.to_text(new),
        "former": ids.to_text(me),
        "end": old.seq,
        "key": str(kept),
        "next": str(home.path / next_key.NAME) if wish.file is None else None,
    }


@contextlib.contextmanager
def _stored(home: Home) -> Iterator[Queries]:
    """The store of an open home, with all tables. LocalError."""
    path = home.path / schema.NAME
    leftover.put_aside(path, home.past.token)
    with Archive(path):
        pass
    with Queries(path) as store:
        yield store


def _planned(
    home: Home, store: Queries, path: Path, wish: Wish
) -> tuple[Old, dict[int, object] | None]:
    """The feed that ends, and the entry that says so; None if a former try has written it."""
    new, me = next_key.needed(path), home.identity.public
    facts = keyed(store)
    for one in facts.said:
        if one.author == new and one.key.old is not None and one.key.old[0] == me:
            return Old(*one.key.old), None
    old = _end(home, store, new, wish)
    return old, _body(home, facts, old, path, wish)


def _secret(path: Path) -> bytes:
    found = next_key.load(path)
    assert found is not None  # noqa: S101 - its public key was read before
    return found.private_bytes_raw()


def _end(home: Home, store: Queries, new: bytes, wish: Wish) -> Old:
    """Where our feed ends, so that others follow. Failure."""
    me = home.identity.public
    found = store.database.execute(LAST, (me,)).fetchone()[0]
    last = found if isinstance(found, int) else 0
    if home.past.last > last and not wish.stolen:
        what = f"{home.past.last} entries were signed, and the store has {last}"
        raise Failure(what, MORE.format(last + 1), SETUP)
    facts = keyed(store)
    wanted = next_key.commitment(new)
    mine = [one for one in facts.said if one.author == me and one.key.commitment is not None]
    ours = [one.key.commitment for one in mine if (one.key.commitment or [None])[0] == wanted]
    others = [one.seq for one in mine if one.key.commitment not in ours[:1]]
    fork = comparing.forks(store).get(me)
    ends = [last, *(seq - 1 for seq in others if ours), *([fork - 1] if fork else [])]
    end = wish.before - 1 if wish.before is not None else min(ends) if wish.stolen else last
    if not 0 < end <= last:
        what = f"our feed has {last} entries here, so it cannot end with entry {end}"
        raise Failure(what, "nothing was done; `mesh log self` shows them", USAGE)
    said = facts.successions.commitment(me, end)
    if said is None or said[0] != wanted:
        _refuse(facts.successions.commitments(me, end), [seq for seq in others if seq <= end])
    link = comparing.link_at(store, me, end)
    if link is None:
        what = f"entry {end} of our feed is not held here any more"
        raise Failure(what, "nothing was done; name a later end", USAGE)
    return Old(me, end, link)


def _refuse(there: list[Any], others: list[int]) -> None:
    if len(there) > 1 and others:
        what = f"entry {min(others)} of our feed commits to another key: somebody else wrote it"
        raise Failure(what, CONTRADICTED.format(min(others)), USAGE)
    what = "our feed did not commit to this key up to there, so nobody would follow it"
    help = "`mesh key` shows to what it did; `mesh key next` commits, before it is needed"
    raise Failure(what, help, USAGE)


def _body(home: Home, facts: Keyed, old: Old, path: Path, wish: Wish) -> dict[int, object]:
    """The first entry of the new feed: what it goes on with, and its own next key."""
    said = facts.successions.commitment(old.id, old.seq)
    guardians, need = list(said[1]) if said else [], said[2] if said else 0
    if wish.guardians is not None:
        guardians, need = list(wish.guardians), wish.need
    following = None
    if path.parent == home.path:  # else its holder keeps next keys elsewhere, and makes the next
        later = home.path / next_key.LATER
        public = next_key.public_of(later) or next_key.make(later)
        following = next_key.commitment(public)
    return key.make(following, guardians, need, (old.id, old.seq, old.link))


def write_first(home: Home, identity: Identity, body: dict[int, object]) -> bytes:
    """Store the first entry of a feed, signed, so that not even a power cut loses it. The home is
    open. Gives its ref. LocalError.
    """
    kit = make_kit()
    quality = NTP if home.profile().machine_clock else PEERS
    stamp: list[object] = [quality, home.boots, 0, time.time_ns() // 1_000_000]
    entry = make_entry(kit, 1, stamp, key.NAME, body)
    before = genesis(kit, identity.public)
    link = next_link(kit, before, entry)
    head = seal_head(identity, 1, link)
    run = Run(identity.public, 1, before, [entry], head, 1, [link], [])
    with Archive(home.path / schema.NAME) as archive:
        archive.keep_synced([run])
    return link


def _replace(home: Home, me: bytes, path: Path) -> Path:
    """Put the next key in the place of a home's key."""
    kept = home.path / f"identity-{ids.short(me)}.pem"
    lock = files.Lock(home.path / "lock")
    lock.acquire()
    try:
        if home.peer_id() != me:
            raise LocalError("another command has renewed this peer meanwhile", "look: `mesh id`")
        # marks are of the former feed; counters and starts go on
        state = json.loads(files.read_private(home.state_file) or b"{}")
        files.replace(home.state_file, json.dumps(state | {"machine": ""}).encode() + b"\n")
        (home.path / marks.NAME).unlink(missing_ok=True)
        next_key.take_over(home, path, kept)
    except OSError as error:
        help = "is the disk full? the same command finishes it"
        raise LocalError(f"cannot change {home.path}: {error}", help) from error
    finally:
        lock.release()
    return kept


def begin(home: Home, old: Old, file: Path | None) -> Row:
    """Have a home that never wrote anything go on with the feed of a peer whose key is lost; by
    the next key of that in a file, if that was kept. Failure.
    """
    if file is not None:
        _begin_with(home, next_key.place(home, file))
    with home:
        me = home.identity.public
        with _stored(home) as store:
            if store.database.execute(LAST, (me,)).fetchone()[0]:
                what = "this peer has written entries, and only a first one can say so"
                raise Failure(what, "take a fresh one: --home FOLDER", USAGE)
            by_next = keyed(store).successions.commitment(old.id, old.seq)
        body = key.make(old=(old.id, old.seq, old.link))
        ref = write_first(home, home.identity, body)
        home.speaks()
    return {
        "did": "lost",
        "id": ids.to_text(me),
        "former": ids.to_text(old.id),
        "end": old.seq,
        "ref": ids.to_text(ref),
        "by_next": by_next is not None and by_next[0] == next_key.commitment(me),
        "need": by_next[2] if by_next else None,
    }


def _begin_with(home: Home, path: Path) -> None:
    """Make the key in a file that of a new home."""
    public = next_key.needed(path)
    if home.peer_id() not in {None, public}:
        what = f"{home.path} has another key already"
        raise Failure(what, "take a fresh one: --home FOLDER", USAGE)
    if home.peer_id() is None:
        files.make_private_folder(home.path)
        state = {"boots": 0, "counter": 0, "silent": True, "machine": ""}
        files.create(home.state_file, json.dumps(state).encode() + b"\n")
        files.create(home.key_file, files.read_private(path) or b"")
