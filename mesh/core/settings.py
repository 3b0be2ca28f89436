"""A peer's settings: one schema for boards (JSON) and desktops (TOML), checked into a Profile."""

from collections import namedtuple

from mesh.core import ids, interest, texts
from mesh.core.errors import LocalError, RemoteError
from mesh.core.limits import Limits
from mesh.core.peer import read_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NoReturn

    from mesh.core.rules import Rule

    Table = dict[str, Any]

# kind: name of the module that reads it; options: what that module understands
Sensor = namedtuple("Sensor", ("kind", "every_ms", "options"))
Actuator = namedtuple("Actuator", ("kind", "options"))

# What check() understands: {key: spec, "*": spec of any other key}; [spec of each item];
# "one of these words"; (types, what that is) or (types, what, least, most), texts by bytes.
NAMED = "-_.0123456789abcdefghijklmnopqrstuvwxyz"
_ANYTHING = (object, "")
_SCALAR = ((bool, int, float, str), "a number, a text, true or false")
_TEXT = (str, "a text", 0, 63)
_WEEK = (int, "a whole number", 0, 604_800)
_NUMBER = ((int, float), "a number", -1e30, 1e30)
SCHEMA = {
    "name": (str, "a text", 0, 32),
    "port": (int, "a whole number", 0, 65535),
    "introduced_by": _TEXT,
    "names": {"*": _TEXT},
    "sensors": {
        "*": {
            "kind": _TEXT,
            "every_s": ((int, float), "a number", 0.1, 86400),
            "samples": (int, "a whole number", 1, 64),
            "pause_ms": (int, "a whole number", 0, 60_000),
            "average": "mean median last",
            "*": _ANYTHING,
        }
    },
    "actuators": {"*": {"kind": _TEXT, "allow": [_TEXT], "*": _ANYTHING}},
    "follow": _ANYTHING,
    "keep": interest.SCHEMA,
    "history": _ANYTHING,  # for a desktop's store, which checks it
    "rules": [
        {
            "when": _TEXT,
            "above": _NUMBER,
            "below": _NUMBER,
            "equals": _SCALAR,
            "hysteresis": ((int, float), "a number", 0, 1e30),
            "set": _TEXT,
            "to": _SCALAR,
            "else": _SCALAR,
        }
    ],
    "peers": [{"id": _TEXT, "address": _TEXT}],
    "share": {"*": _ANYTHING},
    "updates": [_TEXT],
    "settings_from": [_TEXT],
    "limits": {
        name: (int, "a whole number", 1, min(getattr(Limits(), name) * 1024, 1 << 30))
        for name in dir(Limits())
        if name[0] != "_"
    }
    | {"datagram": (int, "a whole number", 64, 65507), "block_szx": (int, "a whole number", 0, 6)},
    "discovery": {"layers": ["dns-sd query group"], "interface": _TEXT},
    "wifi": [{"ssid": _TEXT, "password": _TEXT}],
    "clock": {"unix": (bool, "true or false")},
    "console": "text json",
    "board": _TEXT,
    "wiring": {"*": {"supply": "3V3 5V"}},  # for who wires it; a board has no use for these two
    "watchdog_s": ((int, float), "a number", 0, 60),
    "sleep": {"every_s": _WEEK, "to": [_TEXT], "awake_s": _WEEK},
}


def fail(path: str, value: object, what: str, known: "Iterable[str]" = ()) -> "NoReturn":
    """Raise LocalError: `value` at `path` is not `what`; one of `known` may have been meant."""
    shown = "this" if path.startswith("wifi") else repr(value)[:60]
    from mesh.core.near import near  # noqa: PLC0415 - heap only where something is wrong

    meant = near(value, known) if isinstance(value, str) else None
    help = f'did you mean "{meant}"?' if meant else None
    raise LocalError(f"{path or 'settings'}: {shown} is not {what}", help)


def word(value: object, path: str, known: "Iterable[str]") -> None:
    """Raise LocalError unless value is one of the texts `known`."""
    if not isinstance(value, str) or value not in known:
        fail(path, value, "one of " + ", ".join(sorted(known)), known)


def check(value: "Any", path: str, spec: "Any") -> None:  # noqa: ANN401
    """Raise the LocalError that names `path` unless `value` is as `spec` says (see SCHEMA)."""
    if isinstance(spec, dict):
        check(value, path, (dict, "a table"))
        for key in value:
            inner = spec.get(key) or spec.get("*")
            if inner is None:
                word(key, path or "settings", spec)
            check(value[key], f"{path}.{key}" if path else key, inner)
    elif isinstance(spec, list):
        check(value, path, (list, "a list"))
        for i, item in enumerate(value):
            check(item, f"{path}[{i}]", spec[0])
    elif isinstance(spec, str):
        word(value, path, spec.split())
    else:
        _leaf(value, path, spec[0], spec[1:])


def _leaf(value: "Any", path: str, types: "Any", what: "tuple[Any, ...]") -> None:  # noqa: ANN401
    good = isinstance(value, types)
    if good and len(what) > 1:
        size = len(value.encode()) if types is str else value
        good = not isinstance(value, bool) and what[1] <= size <= what[2]
    if not good:
        fail(path, value, what[0] if len(what) == 1 else "{} ({} to {})".format(*what))


def label(value: str, path: str) -> None:
    """Check a name that is to stand in a path and in a SenML name (RFC 8428 s.4.5.1)."""
    if value.lower().strip(NAMED) or not 0 < len(value) < 33 or value[0] in "-_.":
        fail(path, value, "a name (1 to 32 of letters, digits, - _ .)")


def address(value: object, path: str, names: bool = False) -> tuple[str, int]:
    """Read "host:port" or "[host]:port", port 5683 if none is there; host: IP, or a name if so."""
    text = str(value)
    try:
        host, port = read_address(text if ":" in text and text[-1] != "]" else text + ":5683")
    except RemoteError:
        host, port = "", 0
    bare = host.partition("%")[0].lower()
    is_ip = ("." in bare or ":" in bare) and not bare.strip("0123456789abcdef:.")
    if not is_ip and (not names or not bare or bare.strip(NAMED)):
        fail(path, value, f"an IP address{' or name' if names else ''}, host:port or [host]:port")
    return host, port


class Profile:
    """Settings that are valid. Petnames are resolved: whoever is named here is named by id.

    It has no methods, so that a board can forget this module once it has read its settings.
    """

    kind: str  # "board" or "desktop"
    name: str  # what this peer calls itself
    port: int  # 0: any
    names: dict[str, bytes]  # petname: id
    introduced_by: bytes | None
    sensors: dict[str, Sensor]
    actuators: dict[str, Actuator]
    allow: "dict[str, list[bytes]]"  # who may set an actuator, if not the one who introduced us
    share: "dict[str, str | list[bytes]]"  # "/sensors/x": "all" | "nobody" | [ids]
    follow: "list[bytes | str]"  # ids; "*": everyone met
    keep: list[interest.Keep]  # whose feeds are kept besides, for whoever wants them
    history: "list[Table]"  # how long readings stay
    rules: "list[Rule]"
    updates: list[bytes]  # whose bundles of firmware are taken
    settings_from: list[bytes]  # who may change these settings
    peers: "list[tuple[bytes | None, tuple[str, int]]]"  # given addresses and who is there
    limits: dict[str, int]  # for Limits(**limits)
    layers: list[str]  # of discovery
    interface: str  # the IP address of the one to use
    wifi: "list[dict[str, str]]"  # [{ssid, password}]
    machine_clock: bool  # this machine's own clock is right
    console: str  # "text" or "json"
    watchdog_s: float  # a board that stands still for so long starts anew; 0: never
    # wake up every so many s; whom to hand readings to (all if nobody); s awake when switched on
    sleep: "tuple[int, list[bytes], int] | None"


def parse(mapping: object, kind: str = "board") -> Profile:
    """Check a decoded JSON or TOML file. LocalError begins with the path of what is wrong."""
    check(texts.sound(mapping), "", SCHEMA)
    get = mapping.get  # type: ignore[attr-defined]
    profile = Profile()
    profile.kind = kind
    profile.name = get("name", "")
    profile.port = get("port", 5683)
    profile.names = {}
    for name, text in get("names", {}).items():
        profile.names[name] = _id(profile, text, "names." + name)
    by = get("introduced_by")
    profile.introduced_by = None if by is None else _id(profile, by, "introduced_by")
    profile.share, profile.allow = {}, {}
    _things(profile, get("sensors", {}), get("actuators", {}))
    for path, who in get("share", {}).items():
        _share(profile, path, who, "share." + path)
    follow = get("follow", [])
    profile.follow = ["*"] if follow == "*" else list(_ids(profile, follow, "follow"))
    by = [] if profile.introduced_by is None else [profile.introduced_by]
    profile.keep = interest.read(get("keep"), kind, lambda v, path: _ids(profile, v, path))
    profile.history = get("history", [])
    for key in ("updates", "settings_from"):
        setattr(profile, key, _ids(profile, get(key), key) if key in mapping else by)  # type: ignore[operator]
    profile.rules = []
    if get("rules"):
        from mesh.core import rules  # noqa: PLC0415 - heap only where it is used

        profile.rules = rules.read(profile, get("rules"), _id, _chip)
    given = [_id(profile, p["id"], "peers") if "id" in p else None for p in get("peers", [])]
    at = [address(p.get("address"), "peers", kind != "board") for p in get("peers", [])]
    profile.peers = list(zip(given, at))
    profile.limits = get("limits", {})
    profile.layers = get("discovery", {}).get("layers", ["dns-sd", "query", "group"])
    profile.interface = get("discovery", {}).get("interface", "")
    profile.wifi = get("wifi", [])
    profile.machine_clock = get("clock", {}).get("unix", kind != "board")
    profile.console = get("console", "text")
    profile.watchdog_s = get("watchdog_s", 8)
    _sleep(profile, get("sleep"))
    return profile


def _sleep(profile: Profile, sleep: "Table | None") -> None:
    profile.sleep = None
    if sleep is not None:
        if not sleep.get("every_s"):
            fail("sleep", sleep, "a table with every_s, the seconds from one waking to the next")
        to = _ids(profile, sleep.get("to", []), "sleep.to")
        if not to and profile.introduced_by is not None:
            to = [profile.introduced_by]
        profile.sleep = sleep["every_s"], to, sleep.get("awake_s", 60)


def _id(profile: Profile, value: str, path: str) -> bytes:
    """The id that a petname or an id's text stands for."""
    if value in profile.names:
        return profile.names[value]
    try:
        return ids.from_text(value)
    except RemoteError:
        fail(path, value, "a peer id (52 characters) or a name in names", profile.names)


def _ids(profile: Profile, value: "list[str]", path: str) -> list[bytes]:
    check(value, path, [_TEXT])
    return [_id(profile, item, path) for item in value]


def _things(profile: Profile, sensors: "Table", actuators: "Table") -> None:
    """Sensors and actuators: their kind is their own name if none is given."""
    profile.sensors = {}
    profile.actuators = {}
    for name in sensors:
        options = dict(sensors[name])
        path = "sensors." + name
        label(name, path)
        every_ms = int(options.pop("every_s", 60) * 1000)
        share = options.pop("share", None)
        profile.sensors[name] = Sensor(options.pop("kind", name), every_ms, options)
        if share is not None:
            _share(profile, "/sensors/" + name, share, path + ".share")
    for name in actuators:
        options = dict(actuators[name])
        path = "actuators." + name
        label(name, path)
        allow = options.pop("allow", None)
        if allow is not None:
            profile.allow[name] = _ids(profile, allow, path + ".allow")
        profile.actuators[name] = Actuator(options.pop("kind", name), options)


def _share(profile: Profile, path: str, who: "Any", where: str) -> None:  # noqa: ANN401
    # a typing error in a path must not make public what was meant to be private
    known = ["/peer", "/peers", "/sensors", "/actuators", "/feeds", "/time"]
    known += ["/sensors/" + name for name in profile.sensors]
    known += ["/actuators/" + name for name in profile.actuators]
    word(path[:9] + _chip(profile, path[9:]), where, known)
    profile.share[path] = who if who in ("all", "nobody") else _ids(profile, who, where)


def _chip(profile: Profile, name: str) -> str:
    """The sensor that a reading is of: on a board, NAME may give NAME.humidity (config checks)."""
    chip = name.rpartition(".")[0]
    more = profile.kind == "board" and name not in profile.sensors and chip in profile.sensors
    return chip if more else name
