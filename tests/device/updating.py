"""Firmware to update virtual boards with: what they have, and what a test changes of it."""

import contextlib
import hashlib
import json
import shutil
import socket
from pathlib import Path
from platform import machine

from mesh.boards.firmware.build import Firmware
from mesh.boards.firmware.flatten import flattened
from mesh.boards.firmware.lean import leaned
from mesh.boards.firmware.link import link, linked
from mesh.boards.virtual.process import NATIVE, compile_file
from mesh.core import peer_id as ids
from mesh.core.address import address_text
from mesh.core.coap import message as coap
from mesh.core.discovery.contact import UP
from mesh.hub.home.home import Home
from mesh.hub.offers import Offers

KIND = "unix"
FILLER = "mesh/filler.mpy"


def make(compiled, folder, version, **changed):
    """A firmware of that version; `changed` has sources by module, as device__udp="raise X"."""
    files = folder / "files"
    shutil.copytree(compiled / "mesh", files / "mesh")
    given = {Path("mesh", f"{name.replace('__', '/')}.py"): changed[name] for name in changed}
    texts, usual = dict(flattened(leaned()).texts), linked().texts
    texts |= {path: text for path, text in given.items() if path in texts}
    made = {path: text for path, text in link(texts).texts.items() if text != usual[path]}
    made |= {path: text for path, text in given.items() if path not in texts}
    made[Path("mesh/version.py")] = f"VERSION = {version!r}\n"
    filler = "".join(f"{n:04}" for n in range(1500))
    made[Path(FILLER).with_suffix(".py")] = f"A = b'{filler}'\n"
    for source, text in made.items():
        compile_file(source, text, files / source.with_suffix(".mpy"), NATIVE.get(machine()))
    stamps = {}
    for path in sorted(files.rglob("*.mpy")):
        data = path.read_bytes()
        stamps[path.relative_to(files).as_posix()] = (len(data), hashlib.sha256(data).hexdigest())
    return Firmware(KIND, version, folder, stamps)


def free_port():
    """A port that a board can keep when it starts anew."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def settings(desk, **limits):
    """Of a board that takes updates of that desktop, and keeps its address."""
    return {
        "port": free_port(),
        "introduced_by": desk.id,
        "peers": [{"id": desk.id, "address": address_text(desk.address)}],
        "limits": {"max_retransmit": 1, "ack_timeout_ms": 500, **limits},
    }


@contextlib.contextmanager
def introduced(folder, board, *names, **given):
    """Boards that a home has introduced, each switched on: (the home, the boards by name)."""
    home = Home(folder)
    with home:
        own = ids.to_text(home.peer_id())
    ports = {name: free_port() for name in names}
    home.settings_file.write_text(
        "[discovery]\nlayers = []\n"
        + "".join(f'[[peers]]\naddress = "127.0.0.1:{port}"\n' for port in ports.values())
    )
    with contextlib.ExitStack() as stack:
        made = {}
        for name, port in ports.items():
            about = {"introduced_by": own, "name": name, "port": port, **given}
            made[name] = stack.enter_context(flashed(board(name, **about)))
        for one in made.values():
            one.wait("joined")
        yield home, made


def flashed(one, kind=KIND):
    """Note in a board's folder what the cable brought."""
    about = {"board": kind, "version": "0", "files": {}}
    (one.folder / "firmware.json").write_text(json.dumps(about))
    return one


class Offering:
    """What a desktop offers to one board, and each wish that the board had: [hash, offset, most].

    before(number of wishes) is called before one is answered; after(data) changes an answer.
    """

    def __init__(self, desk, identity=None):
        self.offers = Offers(desk.kit, identity or desk.identity)
        self.wishes = []
        self.before = lambda count: None
        self.after = lambda data: data
        desk.node.peer.offered = self._answer

    def _answer(self, who, wish):
        if wish is None:
            return self.offers.answer(who, wish)
        self.wishes.append(wish)
        self.before(len(self.wishes))
        return self.after(self.offers.answer(who, wish))


def told(desk, peer, *states, field="update"):
    """What a board tells of its update, or settings, once that is in one of these states."""
    while True:
        desk.until(lambda: desk.node.contacts.get(peer).state == UP, "the board to be up")
        answer = desk.ask(peer, coap.FETCH, "peer")
        if answer.signed:
            update = desk.kit.decode(answer.payload).get(field, {})
            if update.get("state") in states:
                return update
        desk.rest()


def packed(firmware):
    """The folder of a firmware, with what Firmware.load() checks."""
    folder = firmware.folder
    about = {"board": firmware.board, "version": firmware.version, "files": firmware.files}
    (folder / "firmware.json").write_text(json.dumps(about))
    (folder / "files" / "firmware.json").write_text(json.dumps(about))
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in paths
    ]
    (folder / "SHA256SUMS").write_text("".join(sums))
    return str(folder)
