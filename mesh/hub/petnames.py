"""Our own names for peers, written into settings.toml without touching what else stands there."""

import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple

import tomlkit
import tomlkit.exceptions

from mesh.core import ids
from mesh.core.errors import LocalError
from mesh.hub import files, settings_file
from mesh.hub.home import Home
from mesh.hub.text import read

LONGEST = 63  # bytes of a name
NOT_IN_NAMES = "/*?[],"  # they mean something where a peer is named


class Refused(LocalError):
    """What nobody may be called, or who is needed elsewhere: nothing was changed."""


class Place(NamedTuple):
    """Where in the settings a peer is named: `path` for people, and the entry itself."""

    path: str
    table: Any
    key: Any


def add(home: Home, name: str, peer: str, *, instead: str = "", former: str = "") -> str:
    """Call a peer (the text of its id) by a name from now on; gives the name that it has then.

    A name that it has already stays, but for the one that it had of itself, `former`. One that
    belongs to another peer is left to that, and the short id goes behind ours, unless that other
    one is `instead`. LocalError if settings.toml cannot be read or written.
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
    """Call a peer by another name of ours, wherever the settings name it; gives the former one, or
    nothing. LocalError: no name, or that of another peer; nothing is changed then.
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


def call_self(home: Home, name: str) -> str:
    """Have this peer call itself so; gives its former name. LocalError."""
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
    """Have no name of ours for a peer any more; gives those that it had. LocalError if the
    settings name it elsewhere: then nothing is changed.
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
    """All that names a peer by `word`, but [names]."""
    for path, table, key in _entries(document):
        value = table[key]
        in_rule = path.endswith("].when") and str(value).partition("/")[0] == word
        if isinstance(value, str) and (value == word or in_rule):
            yield Place(path, table, key)


def _entries(document: Any) -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401
    if "introduced_by" in document:
        yield "introduced_by", document, "introduced_by"
    for name, key in (("peers", "id"), ("rules", "when")):
        for at, table in enumerate(document.get(name, ())):
            if key in table:
                yield f"{name}[{at}].{key}", table, key
    for path, whole in _lists(document):
        if isinstance(whole, list):
            yield from ((path, whole, at) for at in range(len(whole)))


def _lists(document: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    yield "follow", document.get("follow")
    for name in ("keep", "history"):
        for at, table in enumerate(document.get(name, ())):
            yield f"{name}[{at}].who", table.get("who")
    for path, who in document.get("share", {}).items():
        yield f"share.{path}", who
    for group, key in (("sensors", "share"), ("actuators", "allow")):
        for name, table in document.get(group, {}).items():
            yield f"{group}.{name}.{key}", table.get(key)


def _document(home: Home, by_hand: str) -> Any:  # noqa: ANN401 - a TOML document
    """The settings, to be changed. LocalError if they cannot be read; with what to do instead."""
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
    settings_file.check(made, str(path))  # what we write is never what we refuse to read
    # nor what another reader takes for something else
    assert tomllib.loads(made) == document.unwrap()  # noqa: S101
    files.make_private_folder(home.path)
    files.replace(path, made.encode())
