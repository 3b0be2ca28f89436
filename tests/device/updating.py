"""Firmware to update virtual boards with: what they have, and what a test changes of it."""

import hashlib
import json
import shutil
from pathlib import Path

from mesh.core import coap
from mesh.core.contacts import UP
from mesh.core.ids import to_text
from mesh.core.peer import address_text
from mesh.hub.boards import compile_file
from mesh.hub.firmware import Firmware
from mesh.hub.updates import Offers

KIND = "unix"


def make(compiled, folder, version, **changed):
    """A firmware of that version; `changed` has sources by module, as device_udp="raise X"."""
    files = folder / "files"
    shutil.copytree(compiled / "mesh", files / "mesh")
    changed = {name.replace("__", "/"): text for name, text in changed.items()}
    changed["version"] = f"VERSION = {version!r}\n"
    for name, text in changed.items():
        source = Path("mesh", f"{name}.py")
        compile_file(source, text, files / source.with_suffix(".mpy"), None)
    stamps = {}
    for path in sorted(files.rglob("*.mpy")):
        data = path.read_bytes()
        stamps[path.relative_to(files).as_posix()] = (len(data), hashlib.sha256(data).hexdigest())
    return Firmware(KIND, version, folder, stamps)


def settings(desk, **limits):
    """A board that takes updates of that desktop."""
    return {
        "introduced_by": desk.id,
        "peers": [{"id": desk.id, "address": address_text(desk.address)}],
        "limits": {"max_retransmit": 1, "ack_timeout_ms": 300, **limits},
    }


def flashed(one, kind=KIND):
    """Note in a board's folder what the cable brought."""
    about = {"board": kind, "version": "0", "files": {}}
    (one.folder / "firmware.json").write_text(json.dumps(about))
    return one


def offers(desk):
    """What a desktop offers."""
    made = Offers(desk.kit, desk.identity)
    desk.node.peer.offered = made.answer
    return made


def told(desk, peer, *states):
    """Wait until a board tells one of these states of its update."""
    while True:
        desk.until(lambda: desk.node.contacts.get(peer).state == UP, f"{to_text(peer)} to be up")
        answer = desk.ask(peer, coap.FETCH, "peer")
        if answer.signed:
            about = desk.kit.decode(answer.payload)
            if about.get("update", {}).get("state") in states:
                return about["update"]
