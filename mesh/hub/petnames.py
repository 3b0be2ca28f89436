"""Our own names for peers, written into settings.toml without touching what else stands there."""

import tomllib

import tomlkit
import tomlkit.exceptions

from mesh.core import ids
from mesh.core.errors import LocalError
from mesh.hub import files, settings_file
from mesh.hub.home import Home
from mesh.hub.text import read


def add(home: Home, name: str, peer: str, *, instead: str = "") -> str:
    """Call a peer (the text of its id) by a name from now on; gives the name that it has then.

    A name that it has already stays. One that belongs to another peer is left to that, and the
    short id goes behind ours, unless that other one is `instead`. LocalError if settings.toml
    cannot be read or written.
    """
    path = home.settings_file
    try:
        text = read(path) or ""
        settings_file.check(text, str(path))
        document = tomlkit.parse(text)
    except (OSError, ValueError, tomlkit.exceptions.TOMLKitError) as error:
        raise LocalError(
            f"{path}: {error}", f'add it by hand: [names] {name} = "{peer}"'
        ) from error
    names = document.setdefault("names", tomlkit.table())
    for had, who in names.items():
        if who == peer:
            return str(had)
    if names.get(name, instead) != instead:
        name = f"{name}-{peer[: ids.SHORT]}"
    names[name] = peer
    made = tomlkit.dumps(document)
    settings_file.check(made, str(path))  # what we write is never what we refuse to read
    assert tomllib.loads(made)["names"][name] == peer  # noqa: S101 - the same
    files.make_private_folder(home.path)
    files.replace(path, made.encode())
    return name
