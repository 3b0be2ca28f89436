"""The next keys of boards, which their holder keeps, and a board that takes another one's place.

A board commits to its next key by an entry of its feed. That is written by cable into its journal,
as its first one if it is new, so it takes no code on the board.
"""

from pathlib import Path
from typing import Any, NamedTuple

from mesh.boards.cable import board_feed
from mesh.boards.cable.cable import Cable
from mesh.core import peer_id as ids
from mesh.core.relations import key
from mesh.hub.failure import SETUP, USAGE, Failure
from mesh.hub.home import files, next_key
from mesh.hub.home.home import Home
from mesh.hub.operations import comparing
from mesh.hub.operations.shelf import open_shelf
from mesh.hub.store import schema
from mesh.hub.store.queries import Queries

FOLDER = "boards"
ELSEWHERE = (
    "no next key was made: the board may have committed to one at another computer, and a second "
    "one would contradict it"
)
UNREAD = "no next key was made: the board's feed cannot be read"


def place(home: Home, board: str) -> Path:
    """Where the next key of a board is, by its id as text."""
    return home.path / FOLDER / f"{board}.pem"


def _made(home: Home, board: str) -> bytes:
    """The public next key of a board; it is made if there is none."""
    path = place(home, board)
    files.make_private_folder(home.path)
    files.make_private_folder(path.parent)
    return next_key.public_of(path) or next_key.make(path)


def commit(cable: Cable, home: Home, board: str) -> dict[str, Any]:
    """Have a board, whose program does not run, commit to its next key, unless it has. Gives what
    is to be told: "next_key" with the file, or a "warning".
    """
    author = ids.from_text(board)
    there = {name: cable.get(name) for name in board_feed.NAMES}
    tail = board_feed.newest(author, there)
    if tail is None:
        return {"event": "warning", "detail": UNREAD}
    path = place(home, board)
    said = [body for _, _, kind, body in tail.said if kind == key.NAME]
    public = next_key.public_of(path)
    if public is None and (said or not _is_whole(home, author, tail.first)):
        return {"event": "warning", "detail": ELSEWHERE}
    public = _made(home, board)
    body = key.make(next_key.commitment(public))
    told: dict[str, Any] = {"event": "next_key", "id": board, "file": str(path)}
    if body in said:
        return told | {"seq": None}
    data, seq = board_feed.more(tail, key.NAME, body)
    cable.put(tail.name, data)
    return told | {"seq": seq}


def _is_whole(home: Home, author: bytes, first: int) -> bool:
    """Whether all entries before one are held here, and none is about keys."""
    if first == 1:
        return True
    path = home.path / schema.NAME
    if not path.exists():
        return False
    with Queries(path) as store:
        held = any(low == 1 and high >= first - 1 for low, high in store.spans(author))
        return held and not any(one.kind == key.NAME for one in store.entries(author))


class Place(NamedTuple):
    """The place of a board that is lost: its id as text, its name, its last entry that is held,
    and the file of the key that goes on for it.
    """

    board: str
    name: str
    seq: int
    link: bytes
    path: Path
    new: str


def taken(home: Home, wanted: str) -> Place:
    """The place of a board that another one is to take. Failure, before anything is written."""
    shelf = open_shelf(home.path)
    with shelf.store as store:
        old = shelf.author(wanted)
        name = shelf.label(old)
        board = ids.to_text(old)
        path = place(home, board)
        public = next_key.public_of(path)
        if public is None:
            what = f"the next key of {name} is not here: {path}"
            help = "flash it without --replaces; its guardians can say that it goes on: `mesh key`"
            raise Failure(what, help, SETUP)
        ends = {author: (seq, link) for author, seq, link, _ in comparing.ends(store)}
        seq, link = ends[old]
        return Place(board, name, seq, link, path, ids.to_text(public))


def take(cable: Cable, home: Home, where: Place) -> None:
    """Give a board without an identity the next key of another one, and a feed whose first entry
    says so. Repeated after it was cut off it does the same.
    """
    found = next_key.load(where.path)
    if found is None:
        raise Failure(f"{where.path} is gone", "nothing was written to the board", USAGE)
    secret = found.private_bytes_raw()
    old = (ids.from_text(where.board), where.seq, where.link)
    body = key.make(next_key.commitment(_made(home, where.new)), old=old)
    made = {"counter": board_feed.checked(bytes(12))}
    made |= board_feed.begun(ids.from_text(where.new), key.NAME, body)
    # the key last: without one the board begins anew, and nothing is used twice
    cable.put_all(made | {"identity": board_feed.checked(secret)})


def done(where: Place) -> None:
    """Forget the key that a board has now: nobody else needs it."""
    where.path.unlink(missing_ok=True)
