"""Renews the identity of a peer whose key was used twice. All else stays."""

from mesh.core import peer_id as ids
from mesh.core.errors import LocalError
from mesh.hub.failure import SETUP, Failure
from mesh.hub.home import files
from mesh.hub.home.home import Home
from mesh.hub.home.marks import NAME


def renew(home: Home) -> dict[str, object]:
    """Give a home that is not open a new key. Gives the old id, the new id, and who knew the old
    one.

    The old key stays in the home under another name, and its feed in the store. LocalError.
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
