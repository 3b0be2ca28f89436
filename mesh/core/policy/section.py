"""A section of the settings: the row that describes it, and helpers for the row's read()."""

from collections import namedtuple

from mesh.core import peer_id
from mesh.core.address import read_address
from mesh.core.errors import RemoteError
from mesh.core.policy.checking import check, fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Known(Protocol):
        """The fields of a Profile that rows read: those of earlier rows."""

        kind: str
        names: dict[str, bytes]
        introduced_by: bytes | None
        sensors: dict[str, Any]
        actuators: dict[str, Any]
        share: dict[str, str | list[bytes]]


# One row of the table. key: the section's name in the file; spec: its schema, in the form of
# check(); default: the value if the section is missing, or a type for an empty one;
# read(profile, value, key) returns the fields of Profile as {name: value}, or raises LocalError;
# None: one field of the section's name, with the value unchanged; flags: a sum of those below
Section = namedtuple("Section", ("key", "spec", "default", "read", "flags"))

BOARD = 1  # for boards only
CABLE = 2  # not changed over the mesh
SECRET = 4  # neither told nor changed over the mesh; errors show no value of it
SAVED = 8  # used in safe mode, even if other sections are wrong
WORK = 16  # not used in safe mode: its field has the default

NAMED = "-_.0123456789abcdefghijklmnopqrstuvwxyz"
ANYTHING = (object, "")
TEXT = (str, "a text", 0, 63)
# Schemas of places that name peers; a desktop finds such places by the identity of these objects.
# PEER: one; PEERS: a list; WHO: "*" or a list; READERS: "all", "nobody" or a list; READING:
# PEER/SENSOR
PEER = (str, "a text", 0, 63)
PEERS = [TEXT]
WHO = (object, "")
READERS = (object, "")
READING = (str, "a text", 0, 63)


def label(value: str, path: str) -> None:
    """Check a name that is used in paths and in SenML names (RFC 8428 s.4.5.1)."""
    if value.lower().strip(NAMED) or not 0 < len(value) < 33 or value[0] in "-_.":
        fail(path, value, "a name (1 to 32 of letters, digits, - _ .)")


def address(value: object, path: str, names: bool = False) -> tuple[str, int]:
    """Parse "host:port" or "[host]:port"; the port is 5683 by default. `names`: whether the host
    may be a name besides an IP address.
    """
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


def id_of(profile: "Known", value: str, path: str) -> bytes:
    """Resolve a name or the text of an id."""
    if value in profile.names:
        return profile.names[value]
    try:
        return peer_id.from_text(value)
    except RemoteError:
        fail(path, value, "a peer id (52 characters) or a name in names", profile.names)


def ids_of(profile: "Known", value: "list[str]", path: str) -> list[bytes]:
    """Resolve a list of names and ids."""
    check(value, path, PEERS)
    return [id_of(profile, item, path) for item in value]


def chip(profile: "Known", name: str) -> str:
    """The sensor of a reading: on a board NAME.humidity is a reading of NAME (checked in
    config.py).
    """
    of = name.rpartition(".")[0]
    more = profile.kind == "board" and name not in profile.sensors and of in profile.sensors
    return of if more else name
