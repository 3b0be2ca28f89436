"""Strict reader of settings.json: mistakes are reported instead of guessed at."""

import json
import os

from mesh.core.codec import texts
from mesh.core.errors import LocalError
from mesh.core.policy import settings
from mesh.core.policy.checking import check, word
from mesh.core.policy.section import SAVED
from mesh.core.policy.section_table import SECTIONS, THINGS
from mesh.core.resources.sharing import shareable
from mesh.device.sensors import readings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from mesh.core.policy.settings import Profile

DEEP = 8  # nesting of tables and lists
MOST = 16_384  # most bytes of a file
ENOENT = 2
SPACE = " \t\r\n"


class Reader:
    """Strict JSON parser (RFC 8259). MicroPython's own accepts missing commas and values, and
    reports no position.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def read(self) -> object:
        """Parse the one value in the text. LocalError with line and column."""
        value = self._value(DEEP)
        if self._next():
            self._fail("the end")
        return value

    def _fail(self, wanted: str) -> "NoReturn":
        lines = self._text[: self._at].split("\n")
        found = self._text[self._at : self._at + 12].split("\n")[0] or "the end"
        where = f"line {len(lines)}, column {len(lines[-1]) + 1}"
        raise LocalError(f"{where}: {wanted} should be where {found!r} is")

    def _next(self) -> str:
        while (char := self._text[self._at : self._at + 1]) and char in SPACE:
            self._at += 1
        return char

    def _take(self, wanted: str) -> str:
        char = self._next()
        if not char or char not in wanted:
            self._fail(" or ".join(wanted))
        self._at += 1
        return char

    def _value(self, deep: int) -> object:
        char = self._next()
        if not char or char not in "{[":
            return self._word()
        if not deep:
            self._fail("a value")
        end = "]" if char == "[" else "}"
        items: list[object] = []
        table: dict[str, object] = {}
        self._at += 1
        while self._next() != end or items or table:
            if char == "[":
                items.append(self._value(deep - 1))
            else:
                key = self._name(table)
                table[key] = self._value(deep - 1)
            if self._take("," + end) == end:
                break
        else:
            self._at += 1
        return items if char == "[" else table

    def _name(self, table: "dict[str, object]") -> str:
        if self._next() != '"':
            self._fail('a name in "quotes"')
        start = self._at
        key = str(self._word())
        if key in table:
            self._at = start
            self._fail("a name that was not there before")
        self._take(":")
        return key

    def _word(self) -> object:
        """A text, a number, true, false or null: passed to json when its end is known."""
        text = self._text
        end = self._at + 1
        if text[self._at : end] == '"':
            while end < len(text) and text[end] not in '"\n':
                end += 2 if text[end] == "\\" else 1
            end += 1
        else:
            while end < len(text) and text[end] not in ",:]}" + SPACE:
                end += 1
        try:
            word = json.loads(text[self._at : end])
        except ValueError:
            self._fail("a value")
        self._at = end
        return texts.joined(word) if isinstance(word, str) else word


def present(safe: bool) -> "tuple[Profile, dict[str, object], LocalError | None]":
    """As load(), for the settings of this start: those on trial, if there are any."""
    try:
        os.stat("settings.trial")
    except OSError:
        return load("settings.json", safe)
    from mesh.device.firmware.trial import load as load_trial  # noqa: PLC0415 - heap only where it is used

    return load_trial(load, safe)


def load(path: str, safe: bool = False) -> "tuple[Profile, dict[str, object], LocalError | None]":
    """Read settings from a file, or defaults without one: the Profile, the modules of its kinds by
    name (sensors.NAME), and what is wrong.

    LocalError if something is wrong; with `safe` only network and repair are read then, as far as
    they are valid.
    """
    wrong = None
    mapping: Any = {}
    modules: dict[str, object] = {}
    try:
        mapping = _read(path)
        profile = _parse(mapping)
        if not safe:
            _check_kinds(profile, modules)
    except LocalError as error:
        wrong = LocalError(f"{path}: {error.detail}", error.help)
        if not safe:
            raise wrong
        profile = _saved(mapping)
    if safe:
        settings.lessen(profile)
    return profile, modules, wrong


def _read(path: str) -> object:
    """Parse the file. LocalError."""
    try:
        size = os.stat(path)[6]  # as MicroPython allocates all that may be read
        with open(path, "rb") as file:
            data = file.read(min(size, MOST) + 1)
    except OSError as error:
        if error.errno == ENOENT:
            return {}
        raise LocalError(f"cannot be read: {error}", "is it a file?")
    if len(data) > MOST:
        raise LocalError(f"more than {MOST} bytes", "is it the right file?")
    text = texts.decode(data)
    if not text.strip():
        raise LocalError("the file is empty", "the least is {}")
    return Reader(text).read()


def _parse(mapping: object) -> "Profile":
    return settings.parse(mapping, "board", shareable())


def _saved(mapping: "Any") -> "Profile":  # noqa: ANN401
    """The sections for safe mode that are valid, if others are wrong."""
    saved: dict[str, object] = {}
    for row in SECTIONS if isinstance(mapping, dict) else ():
        if row.flags & SAVED and row.key in mapping:
            tried = saved.copy()
            tried[row.key] = mapping[row.key]
            try:
                _parse(tried)
                saved = tried
            except LocalError:
                pass
    return _parse(saved)


def _check_kinds(profile: "Profile", modules: "dict[str, object]") -> None:
    for name in profile.sensors:
        _find(modules, "sensors", name, profile.sensors[name])
    _check_readings(profile, modules)
    for name in profile.actuators:
        _find(modules, "actuators", name, profile.actuators[name])


def _module(name: str) -> "Any":  # noqa: ANN401
    return __import__("mesh." + name, None, None, ("UNIT",))


def _kinds(group: str) -> "list[str]":
    """The kinds in a package: its files, or the list that the build made, if it is frozen."""
    try:
        folder = _module("device." + group).__path__
        return [file.split(".")[0] for file in os.listdir(folder) if file[0] != "_"]
    except OSError:
        return list(_module("version").KINDS[group])


def _find(modules: "dict[str, object]", group: str, name: str, thing: "Any") -> None:  # noqa: ANN401
    """Find the module of a thing's kind, and check that it knows all options of the thing."""
    path = group + "." + name
    word(thing.kind, path + ".kind", _kinds(group))
    module = _module("device." + group + "." + thing.kind)
    known: Any = THINGS[group].copy()
    known.pop("*")
    known.update(getattr(module, "OPTIONS", {}))
    if hasattr(module, "UNITS"):
        known["of"] = [" ".join(sorted(module.UNITS))]
    check(thing.options, path, known)
    modules[path] = module


def _check_readings(profile: "Profile", modules: "dict[str, Any]") -> None:
    """Check that rules and shares name existing readings. What is shared of a chip counts for each
    of its readings.
    """
    given = _readings(profile, modules)
    for path in list(profile.share):
        if path.startswith("/sensors/"):
            word(path[9:], "share." + path, list(given) + list(profile.sensors))
    for reading, name in given.items():
        of_chip = profile.share.get("/sensors/" + name)
        if of_chip is not None:
            profile.share.setdefault("/sensors/" + reading, of_chip)
    for i, rule in enumerate(profile.rules):
        if rule.peer is None:
            word(rule.sensor, f"rules[{i}].when", given)


def _readings(profile: "Profile", modules: "dict[str, Any]") -> "dict[str, str]":
    """All readings that there will be, each with its sensor."""
    given: dict[str, str] = {}
    for name in profile.sensors:
        options = profile.sensors[name].options
        for reading in readings(name, modules["sensors." + name], options):
            if reading in given:
                raise LocalError(f"sensors.{name}: {given[reading]} gives {reading} too")
            given[reading] = name
    return given
