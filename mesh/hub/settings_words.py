"""What is wrong with settings, in more words than a board has room for: a number out of range is
not "no number", an empty list of choices says so, and what was meant is offered.

Whatever passes here is checked by mesh.core.settings all the same: that decides.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NoReturn

from mesh.core import texts
from mesh.core.errors import LocalError
from mesh.core.near import near
from mesh.core.settings import SCHEMA, Profile
from mesh.core.settings import parse as core_parse

Table = Mapping[str, Any]
SHOWN = 60  # characters of a value
ALL = ("all", "any", "anyone", "everybody", "everyone", "everything", "**", ".*")
LISTS = ("follow", "updates", "settings_from")  # of peers
STARRED = ("follow", "keep", "history")  # where "*" stands for everybody


def parse(mapping: object, kind: str = "board", schema: object = SCHEMA) -> Profile:
    """As mesh.core.settings.parse, in better words. `schema` may leave out what `kind` lacks."""
    texts.sound(mapping)
    check(mapping, "", schema)
    if isinstance(mapping, dict):
        _whom(mapping)
        _choices(mapping)
    return core_parse(mapping, kind)


def check(value: Any, path: str, spec: Any) -> None:  # noqa: ANN401 - see SCHEMA
    """As mesh.core.settings.check, which refuses the same."""
    if isinstance(spec, dict):
        _is(value, path, dict, "a table")
        for key in value:
            inner = spec.get(key) or spec.get("*")
            if inner is None:
                choice(key, path, spec)
            check(value[key], f"{path}.{key}" if path else key, inner)
    elif isinstance(spec, list):
        _is(value, path, list, "a list")
        for i, item in enumerate(value):
            check(item, f"{path}[{i}]", spec[0])
    elif isinstance(spec, str):
        choice(value, path, spec.split())
    else:
        _leaf(value, path, spec)


def choice(value: object, path: str, known: Collection[str], none: str = "there are none") -> None:
    """Raise LocalError unless value is one of the texts `known`; `none`: why there are none."""
    if isinstance(value, str) and value in known:
        return
    names = sorted(name for name in known if name != "*")
    if not names:
        _refuse(path, value, "cannot be chosen: there is nothing to choose from")
    _refuse(path, value, f"is not one of {', '.join(names)}", _meant(value, names))


def _leaf(value: object, path: str, spec: tuple[Any, ...]) -> None:
    types, what, *bounds = spec
    is_bool = isinstance(value, bool)
    if not isinstance(value, types) or (bounds and is_bool):
        span = f" ({bounds[0]} to {bounds[1]})" if bounds and types is not str else ""
        _refuse(path, value, f"is not {what}{span}", _unquoted(value, path, types))
    if not bounds:
        return
    least, most = bounds
    if types is str:
        size = len(str(value).encode())
        if size > most:
            _refuse(path, value, f"is too long: {size} bytes of at most {most}")
        if size < least:
            _refuse(path, value, f"is too short: {size} bytes of at least {least}")
    elif not least <= value <= most:
        _refuse(path, value, f"is out of range: from {least} to {most}")


def _is(value: object, path: str, type: type, what: str) -> None:
    if not isinstance(value, type):
        _refuse(path, value, f"is not {what}")


def _unquoted(value: object, path: str, types: object) -> str | None:
    """What to write where a number, true or false stands in quotes."""
    kinds = types if isinstance(types, tuple) else (types,)
    if not isinstance(value, str) or str in kinds:
        return None
    word = value.strip()
    is_number = word.replace(".", "", 1).lstrip("-").isdecimal() and (int in kinds)
    is_bool = word in ("true", "false") and bool in kinds
    return f"write it without quotes: {path}: {word}" if is_number or is_bool else None


def _whom(table: Table) -> None:
    """Where peers are to be named: all of them, one, or a list."""
    for path, value in _lists(table):
        _peers(path, value, path.split("[")[0] in STARRED)
    for path, who in table.get("share", {}).items():
        _shared(f"share.{path}", who)
    for name, sensor in table.get("sensors", {}).items():
        if "share" in sensor:
            _shared(f"sensors.{name}.share", sensor["share"])


def _lists(table: Table) -> Iterator[tuple[str, Any]]:
    yield from ((name, table[name]) for name in LISTS if name in table)
    for name in ("keep", "history"):
        rules = table.get(name)
        for at, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, dict) and "who" in rule:
                yield f"{name}[{at}].who", rule["who"]
    inner = [(f"actuators.{name}", "allow", of) for name, of in table.get("actuators", {}).items()]
    for path, key, of in [*inner, ("sleep", "to", table.get("sleep", {}))]:
        if key in of:
            yield f"{path}.{key}", of[key]


def _peers(path: str, value: object, starred: bool) -> None:
    last = path.rpartition(".")[2].split("[")[0]
    if isinstance(value, list):
        if starred and "*" in value and path == "follow":
            _refuse(path, value, "has a star in a list", 'did you mean follow = "*"?')
        return
    if value == "*" and starred:
        return
    what = 'is neither "*" nor a list of peers' if starred else "is not a list of peers"
    help = None
    if isinstance(value, str):
        is_all = value.casefold() in ALL or value == "*"
        help = f'did you mean {last} = ["{value}"]?'
        if is_all:
            help = f'did you mean {last} = "*"?' if starred else "name each of them"
    _refuse(path, value, what, help)


def _shared(path: str, who: object) -> None:
    if isinstance(who, list) or who in ("all", "nobody"):
        return
    what = 'is not "all", "nobody" or a list of peers'
    help = None
    if isinstance(who, str):
        meant = "all" if who.casefold() in (*ALL, "*") else near(who, ("all", "nobody"))
        help = f'did you mean "{meant}"?' if meant else f'one peer alone: ["{who}"]'
    _refuse(path, who, what, help)


def _choices(table: Table) -> None:
    """Rules that name an own sensor or actuator where there is none at all."""
    for at, rule in enumerate(table.get("rules", [])):
        peer, _, sensor = str(rule.get("when", "")).partition("/")
        if peer == "self" and sensor and not table.get("sensors"):
            _none(f"rules[{at}].when", sensor, "sensors")
        if "set" in rule and not table.get("actuators"):
            _none(f"rules[{at}].set", rule["set"], "actuators")


def _none(path: str, name: str, group: str) -> NoReturn:
    help = f"name it there first, as {group}.{name}"
    _refuse(path, name, f"is none of the {group} in these settings, which name none", help)


def _meant(value: object, known: Iterable[str]) -> str | None:
    meant = near(value, known) if isinstance(value, str) else None
    return f'did you mean "{meant}"?' if meant else None


def _refuse(path: str, value: object, what: str, help: str | None = None) -> NoReturn:
    shown = "this" if path.startswith("wifi") else _shown(value)
    raise LocalError(f"{path or 'settings'}: {shown} {what}", help)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def things(
    values: Mapping[str, Any], kinds: Mapping[str, Any], group: str, general: Mapping[str, Any]
) -> None:
    """Check that each of the sensors or actuators of checked settings has a kind of `kinds`, and
    only options that are `general` or that its class tells in OPTIONS.
    """
    for name, thing in values.items():
        path = f"{group}.{name}"
        kind = thing.get("kind", name)
        if kind not in kinds:
            where = f"{path}.kind" if "kind" in thing else path
            _refuse(where, kind, f"is no kind of {group[:-1]} here", _kinds(kind, kinds))
        known = {key: spec for key, spec in general.items() if key != "*"}
        own = dict(getattr(kinds[kind], "OPTIONS", {}))
        check(dict(thing), path, known | {"share": (object, "")} | own)
        _whole(thing, path, kinds[kind])


def _whole(thing: Table, path: str, kind: Any) -> None:  # noqa: ANN401 - a class
    """Check what a kind cannot be without, and what it finds wrong with its options together."""
    needed = getattr(kind, "NEEDED", None)
    if needed and not thing.get(needed):
        raise LocalError(f"{path}: {needed} is missing", "docs/settings.md has an example")
    if hasattr(kind, "check"):
        try:
            kind.check(thing)
        except LocalError as error:
            raise LocalError(f"{path}: {error.detail}", error.help) from error


def _kinds(kind: str, kinds: Mapping[str, Any]) -> str:
    if not kinds:
        return "there are none"
    return _meant(kind, kinds) or f"there are: {', '.join(sorted(kinds))}"
