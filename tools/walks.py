"""Walks through mesh/: the files and folders that three jobs enter, and moves between them.

Usage: walks.py [--tree FOLDER] [--json] [--files]. The jobs: a signed PUT from datagram to signed
answer at a node; a reading from a board's node until it is a row in a keeper's store; `mesh set`,
from its arguments to its result. A move is a call of a function in another file than the caller's;
calls into other packages and back are not counted. `--tree` measures another checkout of the
project, such as one of an older commit; it has to have its dependencies at hand.
"""

import argparse
import asyncio
import contextlib
import json
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 30
LOOK_S = 0.01
ROWS = "SELECT count(*) FROM reading"


@dataclass
class Walk:
    """Files that were entered, and moves between them: (file that called, file called): times."""

    package: str
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    files: set[str] = field(default_factory=set)

    def seen(self, frame: FrameType, event: str, _: Any) -> None:
        """Count a call; what sys.setprofile is given."""
        if event != "call" or not self._is_ours(frame.f_code):
            return
        here = self._name(frame.f_code)
        self.files.add(here)
        before = frame.f_back
        while before is not None and not self._is_ours(before.f_code):
            before = before.f_back
        if before is not None and self._name(before.f_code) != here:
            self.moves[self._name(before.f_code), here] += 1

    def _is_ours(self, code: CodeType) -> bool:
        return code.co_filename.startswith(self.package) and code.co_name != "<module>"

    def _name(self, code: CodeType) -> str:
        return code.co_filename[len(self.package) :].removesuffix(".py")

    @contextlib.contextmanager
    def recorded(self, threads: bool = False) -> Iterator[None]:
        """Count what this thread does meanwhile; with `threads` also those that begin then."""
        if threads:
            threading.setprofile(self.seen)
        sys.setprofile(self.seen)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    def figures(self) -> dict[str, int]:
        """Numbers of files and folders entered, and of moves between each."""
        return {
            "files": len(self.files),
            "moves": sum(self.moves.values()),
            "folders": len({folder(name) for name in self.files}),
            "folder_moves": sum(
                times for (a, b), times in self.moves.items() if folder(a) != folder(b)
            ),
        }


def folder(name: str) -> str:
    """The folder of a file in the package."""
    return name.rpartition("/")[0]


def signed_put(walk: Walk) -> None:
    """A node gets a signed PUT to one of its actuators from a known peer, and answers it."""
    from attacking import Scene  # noqa: PLC0415 - of the tree that is measured
    from world import COAP  # noqa: PLC0415

    scene = Scene().meet()
    data = scene.signed(scene.ann_signs, 3, ["actuators", "led"], 42)
    scene.world.run(1000)
    with walk.recorded():
        scene.ben.receive(scene.world.now, COAP, scene.at_ann, data)
        sent = [sending[1] for sending in iter(scene.ben.next_send, None)]
    if scene.done[-1] != 42 or scene.at_ann not in sent:
        raise SystemExit("the PUT was not done, or not answered")


def kept_reading(walk: Walk) -> None:
    """One peer reads a sensor; another one, which keeps all, has it in its store."""
    from world import World  # noqa: PLC0415 - of the tree that is measured

    from mesh.core.events import Reading  # noqa: PLC0415
    from mesh.hub.store.archive import Archive  # noqa: PLC0415

    world = World()
    board, _ = world.add(1, {})
    with contextlib.suppress(ImportError):  # in older trees any node may have an archive
        from keeping_all import Keeper  # noqa: PLC0415

        world.kind = Keeper
    desk, at_desk = world.add(2, {"keep": [{}], "follow": "*"})
    board.add_sensor("temp", "Cel")
    with tempfile.TemporaryDirectory() as there:
        path = Path(there) / "store.db"
        with walk.recorded(threads=True):
            sys.setprofile(None)  # the store's thread is to be seen, and not how it is opened
            archive = Archive(path).open()
        try:
            desk.peer.feeds.resume(archive)
            for node in (board, desk):
                node.start(world.now, False)
            board.candidate(world.now, desk.peer.id, at_desk, "given")
            board.reading(world.now, "temp", 1)
            world.run(60_000)
            _until(lambda: _rows(path) == 1)
            walk.files.clear()
            walk.moves.clear()
            with walk.recorded():
                board.reading(world.now, "temp", 2)
                world.run(5000, lambda: any(e.value == 2 for e in world.of(at_desk, Reading)))
            _until(lambda: _rows(path) == 2)
        finally:
            archive.close()


def _rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute(ROWS).fetchone()[0])


def _until(met: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not met():
        if time.monotonic() > end:
            raise SystemExit("it was not kept")
        time.sleep(LOOK_S)


def command_set(walk: Walk) -> None:
    """`mesh set greenhouse/fan true`, by a peer of its own as none runs, at a real greenhouse."""
    import commands  # noqa: PLC0415 - of the tree that is measured

    with tempfile.TemporaryDirectory() as there:
        home = commands.make_home(Path(there) / "study")
        [me] = asyncio.run(commands.items(commands.call("id", "--home", str(home.path))))
        is_up, is_over = threading.Event(), threading.Event()

        async def greenhouse() -> None:
            async with commands.greenhouse(Path(there), home, introduced_by=me["id"]):
                is_up.set()
                await asyncio.to_thread(is_over.wait, PATIENCE_S)

        server = threading.Thread(target=asyncio.run, args=(greenhouse(),))
        server.start()
        try:
            is_up.wait(PATIENCE_S)
            with walk.recorded():
                reply = commands.call("set", "greenhouse/fan", "true", "--home", str(home.path))
                [done] = asyncio.run(commands.items(reply))
        finally:
            is_over.set()
            server.join()
        if done.get("value") is not True:
            raise SystemExit(f"the fan was not set: {done}")


JOBS = {
    "signed PUT at a node": signed_put,
    "reading until it is in a keeper's store": kept_reading,
    "mesh set, with a peer of its own": command_set,
}


def main() -> None:
    """Walk all jobs in one tree and print the figures of each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--tree", type=Path, default=ROOT, help="another checkout to measure")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--files", action="store_true", help="name the files that were entered")
    args = parser.parse_args()
    tree = args.tree.resolve()
    sys.path[:0] = [str(tree / part) for part in ("", "tests", "tests/core", "tests/hub")]
    found = {}
    for name, job in JOBS.items():
        walk = Walk(str(tree / "mesh") + "/")
        job(walk)
        found[name] = walk.figures() | ({"entered": sorted(walk.files)} if args.files else {})
    if args.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'':41}{'files':>7}{'moves':>7}{'folders':>9}{'moves between them':>20}")
    for name, one in found.items():
        figures = f"{one['files']:7}{one['moves']:7}{one['folders']:9}{one['folder_moves']:20}"
        print(f"{name:41}{figures}")
        for file in one.get("entered", ()):
            print(f"    {file}")


if __name__ == "__main__":
    main()
