"""Error messages for settings, with suggestions; longer than a board has room for.

mesh.core.policy.settings decides: it checks all that passes here once more.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NoReturn

from mesh.core.codec import texts
from mesh.core.errors import LocalError
from mesh.core.policy.section import ANYTHING, BOARD, READERS, SECRET, WHO, Section
from mesh.core.policy.section_table import SECTIONS
from mesh.core.policy.settings import Profile
from mesh.core.policy.settings import parse as core_parse
from mesh.core.policy.suggest import near
from mesh.core.resources.sharing import shareable
from mesh.hub.home.peer_places import places

Table = Mapping[str, Any]
SHOWN = 60  # characters of a value that are shown
HIDDEN = object()  # stands for a value that is a secret
ALL = ("all", "any", "anyone", "everybody", "everyone", "everything", "**", ".*")


def parse(mapping: object, kind: str = "board", sections: Iterable[Section] = SECTIONS) -> Profile:
    """As core.policy.settings.parse, with better messages."""
    rows = tuple(sections)
    texts.sound(mapping)
    check_sections(mapping, [row for row in rows if kind == "board" or not row.flags & BOARD])
    if isinstance(mapping, dict):
        _whom(mapping, rows)
        _choices(mapping)
        if isinstance(mapping.get("setup"), dict) and "code" not in mapping["setup"]:
            help = "`mesh flash` makes one; or 16 to 63 characters that nobody guesses"
            raise LocalError("setup: the code is missing", help)
    return core_parse(mapping, kind, shareable(), rows)


def check_sections(mapping: object, sections: Iterable[Section] = SECTIONS) -> None:
    """Check that all sections are in the table, and each against its schema."""
    rows = {row.key: row for row in sections}
    check(mapping, "", dict.fromkeys(rows, ANYTHING))
    if isinstance(mapping, dict):
        for key, value in mapping.items():
            check(value, key, rows[key].spec, hide=bool(rows[key].flags & SECRET))


def check(value: Any, path: str, spec: Any, *, hide: bool = False) -> None:  # noqa: ANN401 - a spec
    """As mesh.core.policy.checking.check, with better messages. `hide`: show no values."""
    if isinstance(spec, dict):
        _is(value, path, dict, "a table", hide)
        for key in value:
            inner = spec.get(key) or spec.get("*")
            if inner is None:
                choice(key, path, spec, hide=hide)
            check(value[key], f"{path}.{key}" if path else key, inner, hide=hide)
    elif isinstance(spec, list):
        _is(value, path, list, "a list", hide)
        for i, item in enumerate(value):
            check(item, f"{path}[{i}]", spec[0], hide=hide)
    elif isinstance(spec, str):
        choice(value, path, spec.split(), hide=hide)
    else:
        _leaf(value, path, spec, hide)


def choice(value: object, path: str, known: Collection[str], *, hide: bool = False) -> None:
    """LocalError unless a value is one of the texts `known`."""
    if isinstance(value, str) and value in known:
        return
    shown = HIDDEN if hide else value
    names = sorted(name for name in known if name != "*")
    if not names:
        _refuse(path, shown, "cannot be chosen: there is nothing to choose from")
    _refuse(path, shown, f"is not one of {', '.join(names)}", _meant(value, names))


def _leaf(value: object, path: str, spec: tuple[Any, ...], hide: bool) -> None:
    types, what, *bounds = spec
    is_bool = isinstance(value, bool)
    shown = HIDDEN if hide else value
    if not isinstance(value, types) or (bounds and is_bool):
        span = f" ({bounds[0]} to {bounds[1]})" if bounds and types is not str else ""
        _refuse(path, shown, f"is not {what}{span}", _unquoted(value, path, types))
    if not bounds:
        return
    least, most = bounds
    if types is str:
        size = len(str(value).encode())
        if size > most:
            _refuse(path, shown, f"is too long: {size} bytes of at most {most}")
        if size < least:
            _refuse(path, shown, f"is too short: {size} bytes of at least {least}")
    elif not least <= value <= most:
        _refuse(path, shown, f"is out of range: from {least} to {most}")


def _is(value: object, path: str, type: type, what: str, hide: bool) -> None:
    if not isinstance(value, type):
        _refuse(path, HIDDEN if hide else value, f"is not {what}")


def _unquoted(value: object, path: str, types: object) -> str | None:
    """What to write if a number, true or false is in quotes."""
    kinds = types if isinstance(types, tuple) else (types,)
    if not isinstance(value, str) or str in kinds:
        return None
    word = value.strip()
    is_number = word.replace(".", "", 1).lstrip("-").isdecimal() and (int in kinds)
    is_bool = word in ("true", "false") and bool in kinds
    return f"write it without quotes: {path}: {word}" if is_number or is_bool else None


def _whom(table: Table, sections: Iterable[Section]) -> None:
    """Check where peers are named: all of them, one, or a list."""
    for place in places(table, sections):
        if place.spec is READERS:
            _shared(place.path, place.value)
        elif place.spec is WHO:
            _peers(place.path, place.value)


def _peers(path: str, value: object) -> None:
    last = path.rpartition(".")[2].split("[")[0]
    if isinstance(value, list):
        if "*" in value and path == "follow":
            _refuse(path, value, "has a star in a list", 'did you mean follow = "*"?')
        return
    if value == "*":
        return
    help = None
    if isinstance(value, str):
        help = f'did you mean {last} = ["{value}"]?'
        if value.casefold() in ALL:
            help = f'did you mean {last} = "*"?'
    _refuse(path, value, 'is neither "*" nor a list of peers', help)


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
    """Check rules that name an own sensor or actuator where there are none."""
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
    raise LocalError(f"{path or 'settings'}: {_shown(value)} {what}", help)


def _shown(value: object) -> str:
    if value is HIDDEN:
        return "this"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def things(
    values: Mapping[str, Any], kinds: Mapping[str, Any], group: str, general: Mapping[str, Any]
) -> None:
    """Check that sensors or actuators have a kind of `kinds`, and only options that are `general`
    or in the OPTIONS of its class.
    """
    for name, thing in values.items():
        path = f"{group}.{name}"
        kind = thing.get("kind", name)
        if kind not in kinds:
            where = f"{path}.kind" if "kind" in thing else path
            _refuse(where, kind, f"is no kind of {group[:-1]} here", _kinds(kind, kinds))
        known = {key: spec for key, spec in general.items() if key != "*"}
        own = dict(getattr(kinds[kind], "OPTIONS", {}))
        check(dict(thing), path, known | own)
        _whole(thing, path, kinds[kind])


def _whole(thing: Table, path: str, kind: Any) -> None:  # noqa: ANN401 - a class
    """Check the required options of a kind, and what the kind itself checks."""
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
