"""settings.json: read strictly, so that a slip of the pen is found and not guessed at."""

import json
import os

from mesh.core import settings, texts
from mesh.core.errors import LocalError
from mesh.device import actuators, sensors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from mesh.core.settings import Profile

DEEP = 8  # tables and lists inside each other
MOST = 16_384  # bytes of a file
ENOENT = 2
# what is kept of settings that are wrong elsewhere, for network and repair
SAVED = (
    "names name console wifi discovery port introduced_by updates settings_from peers watchdog_s"
)
SPACE = " \t\r\n"


class Reader:
    """JSON (RFC 8259). MicroPython's own lets commas and values be missing, and says not where."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def read(self) -> object:
        """Give the one value in the text; LocalError with line and column."""
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
        """A text, a number, true, false or null: json reads it, once it is known where it ends."""
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
    """As load() of those that this start is to have: there may be some on trial."""
    try:
        os.stat("settings.trial")
    except OSError:
        return load("settings.json", safe)
    from mesh.device import trial  # noqa: PLC0415 - heap only where it is used

    return trial.load(load, safe)


def load(path: str, safe: bool = False) -> "tuple[Profile, dict[str, object], LocalError | None]":
    """Read the settings in a file, defaults if there is none: the Profile, the modules of its
    kinds by where they are named (sensors.NAME), and what is wrong with them.

    If something is, that is a LocalError which tells where; unless it has to be `safe`: then
    nothing but the network and what repairs is wanted, as far as that can be used.
    """
    wrong = None
    mapping: Any = {}
    modules: dict[str, object] = {}
    try:
        mapping = _read(path)
        profile = settings.parse(mapping)
        if not safe:
            _check_kinds(profile, modules)
    except LocalError as error:
        wrong = LocalError(f"{path}: {error.detail}", error.help)
        if not safe:
            raise wrong
        profile = _saved(mapping)
    if safe:
        profile.sensors, profile.actuators, profile.rules, profile.follow = {}, {}, [], []
        profile.sleep = None
    return profile, modules, wrong


def _read(path: str) -> object:
    """The decoded file; LocalError: what is wrong with it."""
    try:
        with open(path, "rb") as file:
            data = file.read(MOST + 1)
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


def _saved(mapping: "Any") -> "Profile":  # noqa: ANN401
    """The settings of SAVED that can be used, one by one."""
    saved: dict[str, object] = {}
    for key in SAVED.split() if isinstance(mapping, dict) else ():
        if key in mapping:
            tried = saved.copy()
            tried[key] = mapping[key]
            try:
                settings.parse(tried)
                saved = tried
            except LocalError:
                pass
    return settings.parse(saved)


def _check_kinds(profile: "Profile", modules: "dict[str, object]") -> None:
    for name in profile.sensors:
        _find(modules, sensors, "sensors." + name, profile.sensors[name])
    _check_readings(profile, modules)
    for name in profile.actuators:
        _find(modules, actuators, "actuators." + name, profile.actuators[name])


def _kinds(package: "Any") -> "list[str]":  # noqa: ANN401
    """The kinds in a package: its files, or a list that the build made, where it is frozen."""
    try:
        return [file.split(".")[0] for file in os.listdir(package.__path__) if file[0] != "_"]
    except OSError:
        listed: Any = __import__("mesh.version", None, None, ("KINDS",))
        return list(listed.KINDS[package.__name__.split(".")[-1]])


def _find(modules: "dict[str, object]", package: "Any", path: str, thing: "Any") -> None:  # noqa: ANN401
    """The module of a thing's kind, if the thing has no option that the kind has not."""
    settings.word(thing.kind, path + ".kind", _kinds(package))
    module = __import__(package.__name__ + "." + thing.kind, None, None, ("UNIT",))
    schema: Any = settings.SCHEMA
    known = schema[path.split(".", 1)[0]]["*"].copy()
    known.pop("*")
    known.update(getattr(module, "OPTIONS", {}))
    if hasattr(module, "UNITS"):
        known["of"] = [" ".join(sorted(module.UNITS))]
    settings.check(thing.options, path, known)
    modules[path] = module


def _check_readings(profile: "Profile", modules: "dict[str, Any]") -> None:
    """Rules and shares name readings that there are; what is shared of a chip is so for each."""
    given = _readings(profile, modules)
    for path in list(profile.share):
        if path.startswith("/sensors/"):
            settings.word(path[9:], "share." + path, list(given) + list(profile.sensors))
    for reading, name in given.items():
        of_chip = profile.share.get("/sensors/" + name)
        if of_chip is not None:
            profile.share.setdefault("/sensors/" + reading, of_chip)
    for i, rule in enumerate(profile.rules):
        if rule.peer is None:
            settings.word(rule.sensor, f"rules[{i}].when", given)


def _readings(profile: "Profile", modules: "dict[str, Any]") -> "dict[str, str]":
    """Every reading that there will be, and the sensor that gives it."""
    given: dict[str, str] = {}
    for name in profile.sensors:
        options = profile.sensors[name].options
        for reading in sensors.readings(name, modules["sensors." + name], options):
            if reading in given:
                raise LocalError(f"sensors.{name}: {given[reading]} gives {reading} too")
            given[reading] = name
    return given
