"""`import mesh` leaves nothing behind, loads little, and holds up no event loop."""

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from api_peers import ALONE, PATIENCE_S, asker, greenhouse, knowing, run
from hubs import until
from needs import ROOT

import mesh

BEGIN = f"""
import asyncio, sys
ALONE = {ALONE!r}
"""


def python(code, *options, env=None):
    """Run a program that imports mesh; what it wrote."""
    done = subprocess.run(
        [sys.executable, "-W", "default", *options, "-c", BEGIN + code],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=ROOT,
        env=env,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout


def test_names_are_loaded_when_they_are_used():
    out = python("import json, mesh; print(json.dumps(sorted(sys.modules)))")
    loaded = set(json.loads(out))
    assert not {name for name in loaded if name.startswith("mesh.")}
    assert set(mesh.__all__) <= set(dir(mesh))
    assert all(getattr(mesh, name).__name__ in (name, "MeshError") for name in mesh.__all__)
    with pytest.raises(AttributeError, match="'mesh' has no attribute 'Pear'"):
        _ = mesh.Pear


def test_types_are_seen_by_who_checks_a_program(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import mesh\n"
        "async def use(peer: mesh.Peer) -> None:\n"
        "    reveal_type(await peer.read('a/b'))\n"
        "    reveal_type(peer.watch())\n"
        "    reveal_type([error.code for error in [mesh.Refused('')]])\n"
        "    reveal_type(mesh.Store().history('a/b'))\n"
        "    @peer.sensor('x')\n"
        "    def x() -> float:\n"
        "        return 1.5\n"
        "    reveal_type(x)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"MYPYPATH": str(ROOT)},
    )
    found = [line.partition('"')[2] for line in done.stdout.splitlines() if "Revealed" in line]
    reading = "tuple[datetime.datetime | None, bool | int | float | str, str"
    assert found[0].startswith(reading), done.stdout
    assert "Subscription[" in found[1]
    assert found[2] == 'list[str]"'
    assert found[3].startswith(f"list[{reading}")
    assert found[4] == 'def () -> float"'
    assert done.returncode == 0, done.stdout
    assert (ROOT / "mesh" / "py.typed").exists()


WITHOUT = """
import importlib.abc
class Without(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("typer", "rich", "pydantic", "click", "plotext"):
            raise ImportError(f"{name} is not to be loaded")
sys.meta_path.insert(0, Without())
import mesh
async def main():
    async with mesh.Peer(temporary=True, settings=ALONE) as peer:
        peer.sensor("one", every=0.1)(lambda: 1)
        async for reading in peer.watch("self/one", wait=10):
            break
        async with mesh.Peer(peer.home) as through:
            print((await through.read("self/one")).value)
            while not mesh.Store(peer.home).history("self/one"):
                await asyncio.sleep(0.1)
try:
    import rich
except ImportError:
    asyncio.run(main())
"""


def test_the_library_needs_nothing_of_the_command_line():
    assert python(WITHOUT) == "1\n"


READS = """
import threading
import mesh
from mesh import Peer  # what a program imports, it loads before its loop runs
found = []
def hook(event, given):
    if event in ("open", "import", "os.listdir", "os.scandir", "sqlite3.connect") and LOOP:
        if threading.current_thread() is threading.main_thread():
            found.append((event, str(given[0])))
LOOP = []
sys.addaudithook(hook)
async def main():
    LOOP.append(True)
    async with Peer(temporary=True, name="one", settings=ALONE) as one:
        one.sensor("count", every=0.1)(lambda: 1)
        address = [row["address"] async for row in one.operation("where", peer="self")]
        told = ALONE | {"follow": "*", "peers": [{"id": one.id, "address": address[0]}]}
        async with Peer(temporary=True, name="two", settings=told) as two:
            await two.wait_for("one")
            assert (await two.read("one/count")).value == 1
            seen = 0
            async for event in two.events():
                seen += event.kind == "reading"
                if seen == 3:
                    break
            async with Peer(two.home) as three:
                await three.readings("one")
    LOOP.clear()
asyncio.run(main())
print(found)
"""


def test_no_file_is_read_in_the_event_loop():
    assert python(READS) == "[]\n"


INTERRUPTED = """
import mesh
async def main():
    async with mesh.Peer(temporary=True, settings=ALONE) as peer:
        @peer.sensor("slow", every=0.1)
        async def slow():
            print(peer.home, flush=True)
            await asyncio.sleep(3600)
        async for event in peer.events():
            pass
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_ends_all_of_it_without_a_word():
    command = [sys.executable, "-W", "default", "-c", BEGIN + INTERRUPTED]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=ROOT) as program:
        home = Path(program.stdout.readline().strip())
        assert home.is_dir()
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=PATIENCE_S)
    assert out.splitlines()[-1] == "interrupted"
    assert not err, err
    assert not home.exists()


def state():
    folder = Path(os.environ["XDG_STATE_HOME"])
    return {path.name for path in folder.rglob("*")} - {"othermesh"}


def open_files():
    return len(os.listdir("/proc/self/fd"))


def test_several_peers_in_one_program_leave_nothing():
    async def main():
        tasks, files, noted = asyncio.all_tasks(), open_files(), state()
        async with greenhouse() as one, asker("through", one) as two:
            homes = [one.home, two.home]
            assert state() > noted
            left = two.watch("greenhouse")
            await anext(left)
            gone = two.events()
            del gone
            hearing = asyncio.create_task(anext(two.watch("greenhouse/broken")))
        assert not any(home.exists() for home in homes)
        assert state() == noted
        async for reading in left:  # what had come is still there
            assert reading.sensor == "temperature"
        with pytest.raises(StopAsyncIteration):
            await hearing
        await until(lambda: asyncio.all_tasks() == tasks)
        gc.collect()
        assert open_files() <= files

    run(main)


def test_a_subscription_ends_by_itself_or_when_nobody_holds_it():
    async def main():
        async with greenhouse() as other, asker("itself", other) as study:
            before = asyncio.all_tasks()
            async for _ in study.watch("greenhouse"):
                break
            async with study.watch("greenhouse") as readings:
                await anext(readings)
            assert [reading async for reading in readings] == []
            events = study.events()
            assert asyncio.all_tasks() - before, "others may have ended meanwhile"
            await events.aclose()
            await until(lambda: asyncio.all_tasks() <= before)

    run(main)


def test_what_is_raised_inside_comes_out_and_a_cancelled_start_leaves_nothing():
    async def cancelled(steps):
        async def begin():
            async with mesh.Peer(temporary=True, settings=ALONE):
                await asyncio.sleep(PATIENCE_S)

        beginning = asyncio.create_task(begin())
        for _ in range(steps):
            await asyncio.sleep(0.005)
        beginning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await beginning

    async def failing():
        async with mesh.Peer(temporary=True, settings=ALONE) as peer:
            peer.events()
            raise ZeroDivisionError

    async def main():
        noted, files = state(), open_files()
        with pytest.raises(ZeroDivisionError):
            await failing()
        for steps in (0, 1, 2, 4, 8, 16, 32, 64):
            await cancelled(steps)
        assert state() == noted
        gc.collect()
        assert open_files() <= files + 1, "one is the executor's"

    run(main)


def test_a_peer_that_comes_later_is_waited_for(tmp_path):
    async def main():
        async with mesh.Peer(tmp_path / "one", name="one", settings=ALONE) as one:
            told = await knowing(one)
        async with mesh.Peer(temporary=True, settings=told) as two:
            waiting = asyncio.create_task(two.wait_for(told["peers"][0]["id"]))
            port = int(told["peers"][0]["address"].rpartition(":")[2])
            async with mesh.Peer(tmp_path / "one", name="one", settings=ALONE, port=port):
                assert (await waiting).label == "one"

    run(main)
