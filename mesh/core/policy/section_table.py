"""The table of sections of a peer's settings, and the functions that read them."""

from collections import namedtuple

from mesh.core.limits import Limits
from mesh.core.policy.checking import fail
from mesh.core.policy.retention import Keep
from mesh.core.policy.section import (
    ANYTHING,
    BOARD,
    CABLE,
    PEER,
    PEERS,
    READERS,
    READING,
    SAVED,
    SECRET,
    TEXT,
    WHO,
    WORK,
    Section,
    address,
    chip,
    id_of,
    ids_of,
    label,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from mesh.core.policy.section import Known

    Fields = dict[str, Any]

# kind: the module that drives it; options: settings of that module
Sensor = namedtuple("Sensor", ("kind", "every_ms", "options"))
Actuator = namedtuple("Actuator", ("kind", "options"))

_SCALAR = ((bool, int, float, str), "a number, a text, true or false")
_WEEK = (int, "a whole number", 0, 604_800)
_YEAR = (int, "a whole number", 1, 31_622_400)
_NUMBER = ((int, float), "a number", -1e30, 1e30)
THINGS: "dict[str, dict[str, Any]]" = {
    "sensors": {
        "kind": TEXT,
        "every_s": ((int, float), "a number", 0.1, 86400),
        "samples": (int, "a whole number", 1, 64),
        "pause_ms": (int, "a whole number", 0, 60_000),
        "average": "mean median last",
        "share": READERS,
        "*": ANYTHING,
    },
    "actuators": {"kind": TEXT, "allow": PEERS, "*": ANYTHING},
}


def _nothing(*_: object) -> "Fields":
    """No field: used for wiring pictures only."""
    return {}


def _names(profile: "Known", value: "dict[str, str]", key: str) -> "Fields":
    for name in value:
        profile.names[name] = id_of(profile, value[name], key + "." + name)
    return {}


def _introducer(profile: "Known", value: "str | None", key: str) -> "Fields":
    return {key: None if value is None else id_of(profile, value, key)}


def _each(things: "dict[str, Any]", key: str) -> "Iterator[tuple[str, str, Fields, str]]":
    """Read sensors or actuators: (name, path, options, kind). The kind is the name by default."""
    for name in things:
        path = key + "." + name
        label(name, path)
        options = dict(things[name])
        yield name, path, options, options.pop("kind", name)


def _sensors(profile: "Known", value: "dict[str, Any]", key: str) -> "Fields":
    sensors = {}
    share = {}
    for name, path, options, kind in _each(value, key):
        every_ms = int(options.pop("every_s", 60) * 1000)
        who = options.pop("share", None)
        if who is not None:
            share["/sensors/" + name] = _readers(profile, who, path + ".share")
        sensors[name] = Sensor(kind, every_ms, options)
    return {key: sensors, "share": share}


def _actuators(profile: "Known", value: "dict[str, Any]", key: str) -> "Fields":
    """Read actuators; who may set them is a field of its own."""
    actuators = {}
    allow = {}
    for name, path, options, kind in _each(value, key):
        who = options.pop("allow", None)
        if who is not None:
            allow[name] = ids_of(profile, who, path + ".allow")
        actuators[name] = Actuator(kind, options)
    return {key: actuators, "allow": allow}


def _readers(profile: "Known", who: "Any", path: str) -> "str | list[bytes]":  # noqa: ANN401
    return who if who in ("all", "nobody") else ids_of(profile, who, path)


def _share(profile: "Known", value: "dict[str, Any]", key: str) -> "Fields":
    """Add to what sensors say of themselves. parse() checks that the paths exist."""
    return {
        key: profile.share
        | {path: _readers(profile, value[path], key + "." + path) for path in value}
    }


def _follow(profile: "Known", value: "Any", key: str) -> "Fields":  # noqa: ANN401
    return {key: ["*"] if value == "*" else ids_of(profile, value, key)}


def _keep(profile: "Known", value: "list[Any] | None", key: str) -> "Fields":
    """Which feeds to keep. Without rules a desktop keeps all; a board the newest entries of those
    it follows.
    """
    if value is None:
        return {key: [] if profile.kind == "board" else [Keep(None, None, 0, 0)]}
    found = []
    for i, rule in enumerate(value):
        who = rule.get("who", "*")
        who = None if who == "*" else ids_of(profile, who, f"keep[{i}].who")
        found.append(Keep(who, rule.get("kinds"), rule.get("days", 0), rule.get("bytes", 0)))
    return {key: found}


def _trusted(profile: "Known", value: "list[str] | None", key: str) -> "Fields":
    """Read who may change this peer: by default who introduced it."""
    by = [] if profile.introduced_by is None else [profile.introduced_by]
    return {key: by if value is None else ids_of(profile, value, key)}


def _later(profile: "Known", value: "list[Any]", key: str) -> "Fields":
    """Read `rules` or `consent`, by a module that is loaded only if there are some."""
    if not value:
        return {key: []}
    if key == "rules":
        from mesh.core.policy.rules import read  # noqa: PLC0415 - heap only where it is used
    else:
        from mesh.core.policy.consent_rows import read  # type: ignore[assignment] # noqa: PLC0415
    return {key: read(profile, value, ids_of, chip)}


def _peers(profile: "Known", value: "list[Any]", key: str) -> "Fields":
    given = [id_of(profile, one["id"], key) if "id" in one else None for one in value]
    at = [address(one.get("address"), key, profile.kind != "board") for one in value]
    return {key: list(zip(given, at))}


def _discovery(_: "Known", value: "dict[str, Any]", __: str) -> "Fields":
    return {
        "layers": value.get("layers", ["dns-sd", "query", "group"]),
        "interface": value.get("interface", ""),
    }


def _clock(profile: "Known", value: "dict[str, bool]", _: str) -> "Fields":
    return {"machine_clock": value.get("unix", profile.kind != "board")}


def _sleep(profile: "Known", value: "Any", key: str) -> "Fields":  # noqa: ANN401
    if value is None:
        return {key: None}
    if not value.get("every_s"):
        fail(key, value, "a table with every_s: seconds from waking to waking")
    to = _trusted(profile, value.get("to") or None, key + ".to").popitem()[1]
    return {key: (value["every_s"], to, value.get("awake_s", 60))}


# In the order in which they are read, as some refer to earlier ones
SECTIONS = (
    Section("names", {"*": TEXT}, dict, _names, SAVED),
    Section("name", (str, "a text", 0, 32), "", None, SAVED),
    Section("console", "text json", "text", None, BOARD | SAVED),
    Section("wifi", [{"ssid": TEXT, "password": TEXT}], list, None, BOARD | SECRET | SAVED),
    Section(
        "setup",
        {"code": (str, "a text", 16, 63), "after_s": _WEEK},
        None,
        None,
        BOARD | SECRET | SAVED,
    ),
    Section(
        "discovery",
        {"layers": ["dns-sd query group ipv6"], "interface": TEXT},
        dict,
        _discovery,
        SAVED,
    ),
    Section("port", (int, "a whole number", 0, 65535), 5683, None, SAVED),
    Section("introduced_by", PEER, None, _introducer, CABLE | SAVED),
    Section("updates", PEERS, None, _trusted, BOARD | CABLE | SAVED),
    Section("settings_from", PEERS, None, _trusted, BOARD | CABLE | SAVED),
    Section("peers", [{"id": PEER, "address": TEXT}], list, _peers, SAVED),
    Section("watchdog_s", ((int, float), "a number", 0, 60), 8, None, BOARD | SAVED),
    Section("sensors", {"*": THINGS["sensors"]}, dict, _sensors, WORK),
    Section("actuators", {"*": THINGS["actuators"]}, dict, _actuators, WORK),
    Section("share", {"*": READERS}, dict, _share, 0),
    Section("follow", WHO, list, _follow, WORK),
    Section(
        "keep",
        [
            {
                "who": WHO,
                "kinds": [(str, "a text", 1, 32)],
                "days": (int, "a whole number", 1, 36_500),
                "bytes": (int, "a whole number", 1, 1 << 40),
            }
        ],
        None,
        _keep,
        0,
    ),
    Section("history", ANYTHING, list, None, 0),  # checked by a desktop's store
    Section(
        "rules",
        [
            {
                "when": READING,
                "above": _NUMBER,
                "below": _NUMBER,
                "equals": _SCALAR,
                "hysteresis": ((int, float), "a number", 0, 1e30),
                "set": TEXT,
                "to": _SCALAR,
                "else": _SCALAR,
            }
        ],
        list,
        _later,
        WORK,
    ),
    Section(
        "consent",
        [
            {
                "who": WHO,
                "term": "act every members text when",
                "on": TEXT,
                "low": _NUMBER,
                "high": _NUMBER,
                "seconds": _YEAR,
                "answer": "after never yes",
                "after_s": _YEAR,
            }
        ],
        list,
        _later,
        WORK,
    ),
    Section(
        "limits",
        {
            name: (int, "a whole number", 1, min(getattr(Limits(), name) * 1024, 1 << 30))
            for name in dir(Limits())
            if name[0] != "_"
        }
        | {
            "datagram": (int, "a whole number", 64, 65507),
            "block_szx": (int, "a whole number", 0, 6),
        },
        dict,
        None,
        0,
    ),
    Section("clock", {"unix": (bool, "true or false")}, dict, _clock, 0),
    Section(
        "sleep", {"every_s": _WEEK, "to": PEERS, "awake_s": _WEEK}, None, _sleep, BOARD | WORK
    ),
    Section("relations", PEERS, list, _trusted, WORK),
    Section("promise", (int, "a whole number", -1, 1000), 0, None, BOARD | WORK),
    Section("board", TEXT, "", _nothing, BOARD),
    Section("wiring", {"*": {"supply": "3V3 5V"}}, dict, _nothing, BOARD),
)
