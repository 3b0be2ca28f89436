"""Checks before `mesh up` starts, without changing anything."""

from collections.abc import Callable, Mapping

from mesh.core.errors import LocalError
from mesh.core.policy.settings import Profile
from mesh.hub.home import desktop_settings
from mesh.hub.home.home import Home
from mesh.hub.net.interfaces import usable
from mesh.hub.store import schema
from mesh.hub.store.queries import Queries


def sensors(_: Home, profile: Profile) -> str:
    """Check that what the own sensors read exists. Gives their names."""
    desktop_settings.absent(profile.sensors)
    names = ", ".join(profile.sensors)
    return names or "the usual ones, as the settings name none"


def interface(_: Home, profile: Profile) -> str:
    """Check that interface and port are available. Gives them."""
    wanted = [profile.interface] if profile.interface else None
    found = usable(wanted, profile.port)
    return ", ".join(sorted({local.host for local in found}))


def control(home: Home, _: Profile) -> str:
    """Check that a control socket is possible. Gives its path."""
    return str(home.control)


def store(home: Home, _: Profile) -> str:
    """Check that the store can be read. Gives what is in it."""
    path = home.path / schema.NAME
    if not path.exists() or not path.stat().st_size:
        return "nothing was kept yet"
    try:
        with Queries(path) as found:
            peers = len(found.authors())
    except schema.Older as older:
        return older.detail
    size = path.stat().st_size / 1_000_000
    return f"{peers} peers, {size:.1f} MB in {path}; `mesh verify` checks every entry"


CHECKS: Mapping[str, Callable[[Home, Profile], str]] = {
    "own sensors": sensors,
    "interface": interface,
    "commands": control,
    "store": store,
}


def look(home: Home) -> dict[str, str | LocalError]:
    """Run all checks. Yields what each found, or the LocalError with which `mesh up` would end. If
    home or settings are wrong, only that.
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
