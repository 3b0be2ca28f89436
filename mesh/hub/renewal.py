"""Another identity for a peer whose key was used twice: all else that it has stays."""

from mesh.core import ids
from mesh.core.errors import LocalError
from mesh.hub import files
from mesh.hub.cable import DRAFT, Cable
from mesh.hub.failure import SETUP, Failure
from mesh.hub.home import Home
from mesh.hub.marks import NAME

# of a board: the key first, as numbers without one do no harm
NUMBERS = ("counter", "last", "feed.a", "feed.b")


def renew(home: Home) -> dict[str, object]:
    """Give a home that nobody has open another key; who it was, who it is, and who knew it.

    The former key stays in the home under another name, and its feed in the store. LocalError.
    """
    former = home.peer_id()
    if former is None:
        raise Failure(f"there is no identity in {home.path} yet", "`mesh up` makes one", SETUP)
    kept = home.path / f"identity-{ids.short(former)}.pem"
    lock = files.Lock(home.path / "lock")
    lock.acquire()
    try:
        files.create(kept, home.key_file.read_bytes())
        home.key_file.unlink()
        for path in (home.state_file, home.path / NAME):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise LocalError(f"cannot renew {home.path}: {error}", "is the disk full?") from error
    finally:
        lock.release()
    known = home.addresses()
    with home:
        made = home.identity.public
    return {
        "id": ids.to_text(made),
        "former": ids.to_text(former),
        "key": str(kept),
        "peers": [ids.to_text(peer) for peer in known],
    }


def renew_board(cable: Cable) -> list[str]:
    """Take a board's key away, so that it makes another one; which files have gone."""
    gone = ["identity", *NUMBERS]
    gone += [name + DRAFT for name in gone]
    return [name for name in gone if cable.remove(name)]
