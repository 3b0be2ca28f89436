"""A peer's settings: one schema for boards (JSON) and desktops (TOML), checked into a Profile."""

from collections import namedtuple

from mesh.core import ids
from mesh.core.errors import LocalError, RemoteError
from mesh.core.limits import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NoReturn

PORT = 5683
MOST = 1 << 30  # of any limit: what a board's small integers hold

# kind: name of the module that reads it; options: what that module understands
Sensor = namedtuple("Sensor", ("kind", "every_ms", "options"))
# allow: ids of who may set it, None: only who introduced this peer
Actuator = namedtuple("Actuator", ("kind", "allow", "options"))
# peer: id, None for this peer itself; operator: "above" | "below" | "equals"; other: value or None
Rule = namedtuple(
    "Rule", ("peer", "sensor", "operator", "number", "hysteresis", "actuator", "value", "other")
)



def near(word: str, known: "Iterable[str]") -> str | None:
    """The one of `known` that `word` may be a slip of the pen for, or None."""
    best, least = None, 3  # more than two slips are another word
    for other in sorted(known):
        row = list(range(len(other) + 1))  # edit distance, one row at a time
        for i, a in enumerate(word[:40]):
            corner = i
            row[0] = i + 1
            for j, b in enumerate(other):
                above = row[j + 1]
                row[j + 1] = min(corner + (a != b), row[j] + 1, above + 1)
                corner = above
        slips = 2 if other.startswith(word) else row[-1]
        if slips < min(least, len(other)):
            best, least = other, slips
    return best


def fail(path: str, value: object, allowed: str, known: "Iterable[str]" = ()) -> "NoReturn":
    """LocalError: what stands at `path`, what could stand there, which of `known` may be meant."""
    shown = "this" if path.startswith("wifi") else repr(value)[:60]
    meant = near(value, known) if isinstance(value, str) else None
    raise LocalError(
        "%s: %s is not %s" % (path or "settings", shown, allowed),
        'did you mean "%s"?' % meant if meant else None,
    )


def word(value: object, path: str, known: "Iterable[str]") -> None:
    """LocalError unless value is one of the texts `known`."""
    if not isinstance(value, str) or value not in known:
        fail(path, value, "one of " + ", ".join(sorted(known)), known)


def check(value: "Any", path: str, spec: "Any") -> None:
    """LocalError that names `path` unless `value` is as `spec` says.

    spec: {key: spec, "*": spec of other keys}; [spec of every item]; "one of these words";
    (types, what they are) or (types, what they are, least, most), a text being measured in bytes.
    """
    if isinstance(spec, dict):
        if not isinstance(value, dict):
            fail(path, value, "a table")
        for key in value:
            inner = spec.get(key) or spec.get("*")
            if not inner:
                word(key, path or "settings", spec)
            check(value[key], path + "." + key if path else key, inner)
    elif isinstance(spec, list):
        if not isinstance(value, list):
            fail(path, value, "a list")
        for i, item in enumerate(value):
            check(item, "%s[%d]" % (path, i), spec[0])
    elif isinstance(spec, str):
        word(value, path, spec.split())
    elif not isinstance(value, spec[0]):
        fail(path, value, spec[1])
    elif len(spec) > 2:
        size = len(value.encode()) if spec[0] is str else value
        if isinstance(value, bool) or not spec[2] <= size <= spec[3]:
            fail(path, value, "%s (%s to %s)" % spec[1:])


def label(value: str, path: str) -> None:
    """A name that can stand in a path and in a SenML name (RFC 8428 s.4.5.1)."""
    bad = [c for c in value.lower() if c not in "-_.0123456789abcdefghijklmnopqrstuvwxyz"]
    if bad or not 0 < len(value) < 33 or value[0] in "-_.":
        fail(path, value, "a name (1 to 32 of letters, digits, - _ .)")


def address(value: "Any", path: str) -> tuple[str, int]:
    """(host, port) of "host", "host:port" or "[host]:port"; the host is an IP address."""
    host = str(value)
    if host[:1] == "[":
        host, _, port = host[1:].partition("]")
        port = port[1:]
        good = not host.split("%")[0].strip("0123456789abcdefABCDEF:.")
    else:
        host, _, port = host.partition(":")
        parts = host.split(".")
        good = len(parts) == 4 and all(p.isdigit() and len(p) < 4 and int(p) < 256 for p in parts)
    if not good or (port and not (port.isdigit() and 0 < int(port) < 65536)):
        fail(path, value, "an IP address, host:port or [host]:port")
    return host, int(port or PORT)


_ANYTHING = (object, "")
_SCALAR = ((bool, int, float, str), "a number, a text, true or false")
_TEXT = (str, "a text", 0, 63)
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
            "*": _ANYTHING,
        }
    },
    "actuators": {"*": {"kind": _TEXT, "*": _ANYTHING}},
    "follow": _ANYTHING,
    "rules": [
        {
            "when": _SCALAR,
            "above": _NUMBER,
            "below": _NUMBER,
            "equals": _SCALAR,
            "hysteresis": _NUMBER,
            "set": _TEXT,
            "to": _SCALAR,
            "else": _SCALAR,
        }
    ],
    "peers": [{"id": _TEXT, "address": _TEXT}],
    "share": {"*": _ANYTHING},
    "limits": {n: (int, "a whole number", 1, MOST) for n in dir(Limits()) if n[0] != "_"},
    "discovery": {"layers": ["dns-sd query group"], "interface": _TEXT},
    "wifi": [{"ssid": _TEXT, "password": _TEXT}],
    "clock": {"unix": (bool, "true or false")},
    "console": "text json",
}


class Profile:
    """Settings that are valid. Petnames are resolved: whoever is named here is named by id."""

    def __init__(self, got: "dict[str, Any]", kind: str) -> None:
        get = got.get
        self.kind = kind  # "board" or "desktop"
        self.name: str = get("name", "")  # what this peer calls itself
        self.port: int = get("port", PORT)  # 0: any
        self.names: dict[str, bytes] = {}  # petname: id
        for name, text in get("names", {}).items():
            self.names[name] = self._id(text, "names." + name)
        by = get("introduced_by")
        self.introduced_by = None if by is None else self._id(by, "introduced_by")
        self.sensors: dict[str, Sensor] = {}
        self.actuators: dict[str, Actuator] = {}
        self.share: dict[str, str | list[bytes]] = {}  # "/sensors/x": "all" | "nobody" | [ids]
        self._things(get("sensors", {}), get("actuators", {}))
        for path, who in get("share", {}).items():
            self._share(path, who, "share." + path)
        self.follow_all = get("follow") == "*"  # everyone met
        self.follow = [] if self.follow_all else self._ids(get("follow", []), "follow")
        self.rules = [self._rule(r, "rules[%d]" % i) for i, r in enumerate(get("rules", []))]
        # given addresses: (id or None, (host, port))
        self.peers = [
            (self._id(p["id"], "peers") if "id" in p else None, address(p.get("address"), "peers"))
            for p in get("peers", [])
        ]
        self.limits: dict[str, int] = get("limits", {})  # for Limits(**limits)
        discovery = get("discovery", {})
        self.layers: list[str] = discovery.get("layers", ["dns-sd", "query", "group"])
        self.interface: str = discovery.get("interface", "")  # its IP address
        self.wifi: list[dict[str, str]] = get("wifi", [])  # [{ssid, password}]
        self.machine_clock: bool = get("clock", {}).get("unix", kind != "board")  # it is right
        self.console: str = get("console", "text")

    def _id(self, value: "Any", path: str) -> bytes:
        """The id that a petname or an id's text stands for."""
        if value in self.names:
            return self.names[value]
        try:
            return ids.from_text(str(value))
        except RemoteError:
            fail(path, value, "a peer id (52 characters) or a name in names", self.names)

    def _ids(self, value: "Any", path: str) -> list[bytes]:
        if not isinstance(value, list):
            fail(path, value, "a list of peers")
        return [self._id(item, path) for item in value]

    def _things(self, sensors: "dict[str, Any]", actuators: "dict[str, Any]") -> None:
        """Sensors and actuators: their kind is their own name if none is given."""
        for name, of in sensors.items():
            of = dict(of)
            label(name, "sensors")
            every_ms = int(of.pop("every_s", 60) * 1000)
            self.sensors[name] = Sensor(of.pop("kind", name), every_ms, of)
            self._share("/sensors/" + name, of.pop("share", "all"), "sensors.%s.share" % name)
        for name, of in actuators.items():
            of = dict(of)
            label(name, "actuators")
            allow = of.pop("allow", None)
            if allow is not None:
                allow = self._ids(allow, "actuators.%s.allow" % name)
            self.actuators[name] = Actuator(of.pop("kind", name), allow, of)

    def _share(self, path: str, who: "Any", where: str) -> None:
        """A typing error in a path must not make public what was meant to be private."""
        known = ["/peer", "/peers", "/sensors", "/actuators", "/feeds", "/time"]
        known += ["/sensors/" + n for n in self.sensors]
        word(path, where, known + ["/actuators/" + n for n in self.actuators])
        self.share[path] = who if who in ("all", "nobody") else self._ids(who, where)

    def _rule(self, of: "dict[str, Any]", path: str) -> Rule:
        peer, _, sensor = str(of.get("when")).partition("/")
        operators = [o for o in ("above", "below", "equals") if o in of]
        if not sensor or len(operators) != 1 or "to" not in of:
            fail(path, of, 'when = "PEER/SENSOR", above or below or equals, set, to')
        if peer == "self":
            word(sensor, path + ".when", self.sensors)
        word(of.get("set"), path + ".set", self.actuators)
        return Rule(
            None if peer == "self" else self._id(peer, path + ".when"),
            sensor,
            operators[0],
            of[operators[0]],
            of.get("hysteresis", 0),
            of["set"],
            of["to"],
            of.get("else"),
        )


def parse(mapping: "Any", kind: str = "board") -> Profile:
    """The settings in a decoded JSON or TOML file; LocalError that begins with the path of what is wrong."""
    check(mapping, "", SCHEMA)
    return Profile(mapping, kind)
