"""othermesh's files on a board, and what its holder can do with them by cable."""

import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mesh.boards.cable.backup import Copy
from mesh.boards.cable.cable import DRAFT, Cable
from mesh.boards.catalogue import pins
from mesh.boards.mishaps import Mishap
from mesh.core import peer_id
from mesh.core.errors import LocalError
from mesh.core.policy.section import SECRET
from mesh.core.policy.section_table import SECTIONS, THINGS
from mesh.core.ranges import BOOTS
from mesh.hub.failure import Failure
from mesh.hub.home.peer_places import names_peers
from mesh.hub.home.settings_words import parse
from mesh.hub.home.text import decode, json_table

SETTINGS = "settings.json"
# The identity of a board. Removed in this order: a counter without a key does no harm, but a key
# without a counter does.
SELF = (
    "identity", "counter", "last", "feed.a", "feed.b", "peers", "updates", "faults", "promise",
    "relations",
)  # fmt: skip
# main.py is removed first, as half a program is worse
PROGRAM = ("main.py", "firmware.json", "boot", "boot.new", "base", "base.new", "start.mpy")
TRIED = ("settings.trial", "settings.new")  # settings on trial, from over the mesh
FOLDERS = ("mesh", "next", "other", "code")
COPIED = ("identity", "counter", SETTINGS, "feed.a", "feed.b", "updates")
HIDDEN = "********"  # shown instead of a Wi-Fi password, and of the code in setup
CHECK = 8  # bytes of SHA-256 at the end of files of mesh.device.identity
BOOTS_AHEAD, COUNTER_AHEAD = 1 << 16, 1 << 40  # see ahead()
MOST_BOOTS, MOST_COUNTER = BOOTS, 1 << 60
ABOUT = """
import sys,os
def _t():
 try:
  import machine
  u=machine.unique_id().hex()
 except (ImportError,AttributeError):
  u=''
 p=''
 try:
  os.stat('identity')
  from mesh.device import identity,ed25519
  p=ed25519.public_key(identity.read('identity')).hex()
 except (ImportError,OSError):
  pass
 i=sys.implementation
 print(repr((getattr(i,'_machine',sys.platform),'.'.join([str(v) for v in i.version[:3]]),u,p)))
_t()
del _t
"""


def about(cable: Cable) -> dict[str, Any]:
    """What a board is, and which peer. It computes its public key, which takes a moment."""
    step = "asking what it is"
    machine, version, unique, public = cable.literal(cable.exec(ABOUT, step), step)
    installed = _json(cable.get("firmware.json"))
    settings = _json(cable.get(SETTINGS))
    return {
        "machine": machine,
        "micropython": version,
        "unique": unique,
        "peer": peer_id.to_text(bytes.fromhex(public)) if public else "",
        "firmware": str(installed.get("version", "")),
        "board": str(installed.get("board", "")),
        "name": str(settings.get("name", "")),
    }


def _json(data: bytes | None) -> dict[str, Any]:
    try:
        return json_table(decode(data or b"{}", SETTINGS), SETTINGS)
    except LocalError:
        return {}  # read again, with an error message, where it is needed


# settings


def read_settings(cable: Cable) -> dict[str, Any]:
    """The board's settings with passwords. Failure if they are no JSON."""
    data = cable.get(SETTINGS)
    help = "`mesh board settings --set FILE` puts others in their place"
    where = f"the board's {SETTINGS}"
    try:
        return json_table(decode(data or b"{}", where), where, help)
    except LocalError as error:
        raise Failure(error.detail, help) from error


def hidden(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without passwords and code, to be shown."""
    shown = dict(settings)
    if isinstance(shown.get("wifi"), list):
        shown["wifi"] = [
            {**net, "password": HIDDEN} if isinstance(net, dict) and "password" in net else net
            for net in shown["wifi"]
        ]
    if isinstance(shown.get("setup"), dict) and "code" in shown["setup"]:
        shown["setup"] = {**shown["setup"], "code": HIDDEN}
    return shown


def with_passwords(settings: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Settings from hidden(), with the board's passwords and code put back. Failure."""
    known = {net["ssid"]: net.get("password") for net in own.get("wifi", ())}
    made = dict(settings)
    networks = made.get("wifi")
    for at, net in enumerate(networks if isinstance(networks, list) else ()):
        if isinstance(net, dict) and net.get("password") == HIDDEN:
            if not known.get(net.get("ssid")):
                what = f"wifi[{at}].password: the board knows none for '{net.get('ssid')}'"
                raise Failure(what, "write the password there instead of the asterisks")
            made["wifi"] = [*made["wifi"]]
            made["wifi"][at] = {**net, "password": known[net["ssid"]]}
    setup = made.get("setup")
    if isinstance(setup, dict) and setup.get("code") == HIDDEN:
        if "code" not in own.get("setup", {}):
            help = "leave setup out: `mesh flash` makes a code"
            raise Failure("setup.code: the board has none", help)
        made["setup"] = {**setup, "code": own["setup"]["code"]}
    return made


def changed(settings: Mapping[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """Settings with each KEY=VALUE applied: a.b=1 sets b in table a, a.b= removes it. Failure.

    VALUE is JSON, else a text.
    """
    made: dict[str, Any] = json.loads(json.dumps(settings))
    for change in changes:
        path, equals, text = change.partition("=")
        if not equals or not all(path.split(".")):
            help = "write it like name=hall or sensors.heap.every_s=30"
            raise Failure(f"'{change}' is not KEY=VALUE", help)
        *tables, last = path.split(".")
        table = made
        for name in tables:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise Failure(f"'{path}': {name} is no table", "`mesh board settings` shows them")
        try:
            table[last] = json.loads(text)
        except (ValueError, RecursionError):
            table[last] = text
        if not text:
            del table[last]
    return made


# sections that may refer to other settings of the board: its names, sensors or passwords
OF_OTHERS = frozenset(
    row.key
    for row in SECTIONS
    if row.flags & SECRET or (names_peers(row.spec) and row.key not in THINGS)
)


def check_alone(settings: Mapping[str, Any]) -> None:
    """Check what can be checked without the board, which then need not be interrupted.
    LocalError.
    """
    parse({key: value for key, value in settings.items() if key not in OF_OTHERS})


def write_settings(cable: Cable, settings: Mapping[str, Any]) -> bool:
    """Check settings, including pins, and write them to the board. Whether they changed.
    LocalError.
    """
    parse(settings)
    if "board" in settings:
        pins.refuse(None, settings)
    return bool(cable.put_all({SETTINGS: settings_bytes(settings)}))


def settings_bytes(settings: Mapping[str, Any]) -> bytes:
    """The text of settings.json."""
    return (json.dumps(settings, indent=2, ensure_ascii=False) + "\n").encode()


# backups


def copy(cable: Cable) -> Copy:
    """All that makes the board this peer. Failure if it has no identity."""
    there = {name: cable.get(name) for name in COPIED}
    found = {name: data for name, data in there.items() if data is not None}
    if "identity" not in found:
        raise Failure("this board has no identity yet", "it makes one when it starts: mesh flash")
    checked(found)
    told = about(cable)
    made = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return Copy(found, told["unique"], told["machine"], told["peer"], made)


def checked(found: Mapping[str, bytes]) -> None:
    """Refuse an identity or counter that the board itself would refuse. LocalError."""
    for name in ("identity", "counter"):
        data = found.get(name, b"")
        body = data[:-CHECK]
        if not body or hashlib.sha256(body).digest()[:CHECK] != data[-CHECK:]:
            raise LocalError(f"the {name} is damaged or missing", "nothing was written")


def ahead(counter: bytes) -> bytes:
    """A counter file far ahead of a backup's, so that no number used since is used again.

    65,536 starts and 2^40 messages: more than a board does between backup and restore.
    """
    boots = int.from_bytes(counter[:4], "big") + BOOTS_AHEAD
    limit = int.from_bytes(counter[4:-CHECK], "big") + COUNTER_AHEAD
    if boots >= MOST_BOOTS or limit >= MOST_COUNTER:
        raise Failure("this copy was restored too often", "let the board make a new identity")
    body = boots.to_bytes(4, "big") + limit.to_bytes(8, "big")
    return body + hashlib.sha256(body).digest()[:CHECK]


def is_other(cable: Cable, kept: Copy) -> bool:
    """Whether the board is another peer than that of the backup."""
    own = cable.hashes(["identity"]).get("identity")
    return own is not None and own != hashlib.sha256(kept.files["identity"]).digest()


def restore(cable: Cable, kept: Copy) -> bool:
    """Make the board the peer of a backup. Whether it was not that peer before. LocalError.

    A board that is this peer already only gets the settings: its counter and feed are newer than
    the backup. On another board the feed is left out, as its seqs may have been used since: it
    continues at a start number far ahead (docs/protocol.md section 6).
    """
    checked(kept.files)
    settings = {SETTINGS: kept.files[SETTINGS]} if SETTINGS in kept.files else {}
    own = cable.hashes(["identity", "counter"])
    same = own.get("identity") == hashlib.sha256(kept.files["identity"]).digest()
    if same and "counter" in own:
        cable.put_all(settings)
        return False
    for name in SELF[1:] + tuple(name + DRAFT for name in SELF):
        if name != "counter":
            cable.remove(name)
    # the identity after its counters: even if interrupted, no counter is used again and no older
    # firmware accepted, and the same command then continues with the settings
    files = {"counter": ahead(kept.files["counter"])}
    files |= {name: kept.files[name] for name in ("updates",) if name in kept.files}
    files["identity"] = kept.files["identity"]
    cable.put_all(files | settings)
    return True


# no settings from the backup


def erase(cable: Cable, identity: bool) -> list[str]:
    """Remove othermesh's files, and with `identity` also the key. Gives the removed files."""
    there = cable.files()
    main = cable.get("main.py") or b""
    doomed = [name for name in PROGRAM if name != "main.py" or is_ours(main)]
    doomed += [path[1:] for path in there if path[1:].partition("/")[0] in FOLDERS]
    doomed += [*TRIED, SETTINGS, *(SELF if identity else ())]
    drafts = [name + DRAFT for name in doomed]
    gone = [name for name in [*doomed, *drafts] if "/" + name in there and cable.remove(name)]
    folders = {str(parent) for name in gone for parent in Path(name).parents if str(parent) != "."}
    for folder in sorted(folders | set(FOLDERS), key=len, reverse=True):
        try:
            cable.remove(folder)
        except Mishap as error:  # it has other files
            if error.name != "board-error":
                raise
    return gone


def is_ours(main: bytes) -> bool:
    """Whether a main.py only starts othermesh."""
    words = main.decode(errors="replace").split()
    return words[:4] in (
        ["from", "start", "import", "start"],
        ["from", "mesh.device.main", "import", "main"],
    )
