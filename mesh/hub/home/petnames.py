"""Petnames, our own names for peers, in settings.toml: edited in place, with all else kept."""

import tomllib
from collections.abc import Iterator
from typing import Any

import tomlkit
import tomlkit.exceptions

from mesh.core import peer_id as ids
from mesh.core.errors import LocalError
from mesh.core.policy.section import PEER, READING, TEXT
from mesh.hub.home import desktop_sections, files, settings_file
from mesh.hub.home.home import Home
from mesh.hub.home.peer_places import Place, places
from mesh.hub.home.text import read

LONGEST = 63  # bytes of a name
NOT_IN_NAMES = "/*?[],"  # characters with a meaning in commands


class Refused(LocalError):
    """A name that is not allowed, or a peer that other settings need. Nothing was changed."""


def add(home: Home, name: str, peer: str, *, instead: str = "", former: str = "") -> str:
    """Name a peer (by the text of its id). Gives the name that it has then.

    An existing name stays, unless it is the peer's own one, `former`. If the name belongs to
    another peer, the short id is appended, unless that peer is `instead`. LocalError if
    settings.toml cannot be read or written.
    """
    document = _document(home, f'add it by hand: [names] {name} = "{peer}"')
    names = document.setdefault("names", tomlkit.table())
    for had, who in names.items():
        if who == peer:
            if had != former or name == former or name in names:
                return str(had)
            rename(home, name, peer)
            return name
    if names.get(name, instead) != instead:
        name = f"{name}-{peer[: ids.SHORT]}"
    names[name] = peer
    _write(home, document)
    return name


def rename(home: Home, name: str, peer: str) -> str:
    """Rename a peer everywhere in the settings. Gives its former name, or "". LocalError, and
    nothing is changed, for an invalid name or that of another peer.
    """
    _check(name)
    document = _document(home, f'write it by hand: [names] {name} = "{peer}"')
    names = document.setdefault("names", tomlkit.table())
    other = names.get(name, peer)
    if other != peer:
        raise Refused(
            f"'{name}' is our name for another peer, {str(other)[: ids.SHORT]}",
            "nothing was changed; choose another name, or give that one another first",
        )
    former = [str(had) for had, who in names.items() if who == peer and had != name]
    names[name] = peer
    for had in former:
        for place in _places(document, had):
            place.table[place.key] = str(place.table[place.key]).replace(had, name, 1)
        names.remove(had)
    _write(home, document)
    return former[0] if former else ""


def pass_on(home: Home, former: str, peer: str) -> None:
    """Give our names for a peer to the one that goes on for it. LocalError."""
    document = _document(home, f"name {peer} by hand, in [names]")
    names = document.get("names", {})
    had = [name for name, who in names.items() if who == former]
    for name in had:
        names[name] = peer
    if had:
        _write(home, document)


def call_self(home: Home, name: str) -> str:
    """Set what this peer calls itself. Gives its former name. LocalError."""
    _check(name)
    document = _document(home, f'write it by hand: name = "{name}"')
    former = str(document.get("name", ""))
    if former:
        document["name"] = name
    else:
        text = f"name = {tomlkit.string(name).as_string()}\n" + tomlkit.dumps(document)
        document = tomlkit.parse(text)
    _write(home, document)
    return former


def drop(home: Home, peer: str) -> list[str]:
    """Remove our names for a peer. Gives those it had. LocalError, and nothing is changed, if
    other settings name it.
    """
    document = _document(home, "take it out by hand, of [names]")
    names = document.get("names", {})
    former = [str(had) for had, who in names.items() if who == peer]
    used = [place.path for word in (*former, peer) for place in _places(document, word)]
    if used:
        raise Refused(
            f"the settings name it in {', '.join(sorted(set(used)))}",
            f"nothing was changed; take it out there first: {home.settings_file}",
        )
    for had in former:
        names.remove(had)
    if former:
        _write(home, document)
    return former


def _check(name: str) -> None:
    what = ""
    if not name or not name.isprintable() or name.strip() != name:
        what = "is no name: letters, digits and signs, without a space at its ends"
    elif len(name.encode()) > LONGEST:
        what = f"is too long for a name: at most {LONGEST} bytes"
    elif any(char in NOT_IN_NAMES for char in name):
        what = f"cannot be a name: none of {' '.join(NOT_IN_NAMES)} may be in one"
    elif name == "self":
        what = "is this peer itself, in rules and commands"
    if what:
        raise Refused(f"'{name}' {what}", "nothing was changed")


def _places(document: Any, word: str) -> Iterator[Place]:  # noqa: ANN401 - a TOML document
    """Where a peer is named by `word`, except in [names]."""
    for place in places(document, desktop_sections.table()):
        value = place.value
        if isinstance(value, list):
            found = [at for at, one in enumerate(value) if one == word]
            yield from (Place(place.path, value, at, TEXT) for at in found)
        elif place.spec is READING:
            yield from [place] if str(value).partition("/")[0] == word else []
        elif place.spec is PEER and value == word:
            yield place


def _document(home: Home, by_hand: str) -> Any:  # noqa: ANN401 - a TOML document
    """The settings, to be changed. LocalError if they cannot be read, with what to do by hand."""
    path = home.settings_file
    try:
        text = read(path) or ""
        settings_file.check(text, str(path))
        return tomlkit.parse(text)
    except (OSError, ValueError, tomlkit.exceptions.TOMLKitError) as error:
        raise LocalError(f"{path}: {error}", by_hand) from error


def _write(home: Home, document: Any) -> None:  # noqa: ANN401 - a TOML document
    made = tomlkit.dumps(document)
    path = home.settings_file
    settings_file.check(made, str(path))  # never write what we would refuse to read
    # nor what another TOML reader understands differently
    assert tomllib.loads(made) == document.unwrap()  # noqa: S101
    files.make_private_folder(home.path)
    files.replace(path, made.encode())
