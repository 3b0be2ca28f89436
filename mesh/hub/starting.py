"""What keeps `mesh up` from starting: asked beforehand, in its words; nothing is changed."""

import sqlite3
from collections.abc import Callable, Mapping

from mesh.core.errors import LocalError
from mesh.core.settings import Profile
from mesh.hub import desktop_settings
from mesh.hub.home import Home
from mesh.hub.interfaces import usable
from mesh.hub.store import schema
from mesh.hub.store.queries import Queries


def sensors(_: Home, profile: Profile) -> str:
    """Whether all that the own sensors name is there; what they are."""
    desktop_settings.absent(profile.sensors)
    names = ", ".join(profile.sensors)
    return names or "the usual ones, as the settings name none"


def interface(_: Home, profile: Profile) -> str:
    """Whether there is the interface and the port; which."""
    wanted = [profile.interface] if profile.interface else None
    found = usable(wanted, profile.port)
    return ", ".join(sorted({local.host for local in found}))


def control(home: Home, _: Profile) -> str:
    """Whether commands can reach a running peer; by which socket."""
    return str(home.control)


def store(home: Home, _: Profile) -> str:
    """Whether the store can be read; what is in it."""
    path = home.path / schema.NAME
    if not path.exists() or not path.stat().st_size:
        return "nothing was kept yet"
    try:
        with Queries(path) as found:
            peers = len(found.authors())
    except schema.Older as older:
        return older.detail
    except sqlite3.Error as error:
        raise schema.broken(path, error) from error
    size = path.stat().st_size / 1_000_000
    return f"{peers} peers, {size:.1f} MB in {path}; `mesh verify` checks every entry"


CHECKS: Mapping[str, Callable[[Home, Profile], str]] = {
    "own sensors": sensors,
    "interface": interface,
    "commands": control,
    "store": store,
}


def look(home: Home) -> dict[str, str | LocalError]:
    """For each check what was seen, or the LocalError that `mesh up` would end with. No more than
    that of home and settings where these are wrong.
    """
    try:
        home.look()
        profile = home.profile()
    except LocalError:
        return {}
    found: dict[str, str | LocalError] = {}
    for name, check in CHECKS.items():
        try:
            found[name] = check(home, profile)
        except LocalError as error:
            found[name] = error
    return found
