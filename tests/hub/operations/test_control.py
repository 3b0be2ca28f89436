"""The control socket: what it answers, whom it serves, and what it does not put up with."""

import asyncio
import contextlib
import json
import os
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from mesh.hub.failure import NOBODY, SETUP, USAGE, Failure
from mesh.hub.operations import control

LIMIT_S = 20


@pytest.fixture
def door():
    """A path for a socket: pytest's own folders can be too long for one."""
    with tempfile.TemporaryDirectory(prefix="mesh-") as folder:
        yield Path(folder) / "control.sock"


class Operations:
    """Stands in for a running peer."""

    def __init__(self):
        self.ended = asyncio.Event()
        self.began = asyncio.Event()

    async def run(self, op, args):
        self.began.set()
        try:
            if op == "count":
                for number in range(args["to"]):
                    yield {"number": number}
            elif op == "forever":
                yield "first"
                await asyncio.Event().wait()
            elif op == "flood":
                while True:
                    yield "x" * 10_000
            else:
                raise Failure(f"no '{op}'", "ask for something else", NOBODY)
        finally:
            self.ended.set()


@contextlib.asynccontextmanager
async def serving(door):
    operations = Operations()
    server = control.ControlServer(door, operations.run)
    await server.start()
    try:
        async with asyncio.timeout(LIMIT_S):
            yield operations
    finally:
        await server.stop()


async def collect(door, op, args=None):
    return [item async for item in control.call(door, op, args or {})]


async def raw(door, data):
    reader, writer = await asyncio.open_unix_connection(str(door))
    writer.write(data)
    answer = await reader.readline()
    rest = await reader.read()
    writer.close()
    assert rest == b""
    return json.loads(answer)


def test_what_an_operation_gives_arrives_in_order(door):
    async def scenario():
        async with serving(door):
            assert await collect(door, "count", {"to": 3}) == [{"number": n} for n in range(3)]
            assert await collect(door, "count", {"to": 0}) == []

    asyncio.run(scenario())


def test_a_failure_arrives_with_its_help_and_code(door):
    async def scenario():
        async with serving(door):
            with pytest.raises(Failure) as caught:
                await collect(door, "nothing")
            assert caught.value.detail == "no 'nothing'"
            assert caught.value.help == "ask for something else"
            assert caught.value.exit_code == NOBODY

    asyncio.run(scenario())


def test_the_socket_is_private_and_goes_with_the_server(door):
    async def scenario():
        assert not control.runs(door)
        async with serving(door):
            assert stat.S_IMODE(door.stat().st_mode) == 0o600
            assert control.runs(door)
        assert not door.exists()
        assert not control.runs(door)

    asyncio.run(scenario())


@pytest.mark.parametrize("turns", range(8))
def test_who_comes_while_it_stops_is_hung_up_on(door, turns):
    """Wherever the event loop is between the accepted socket and the conversation."""

    async def scenario():
        async with asyncio.timeout(LIMIT_S):
            server = control.ControlServer(door, Operations().run)
            await server.start()
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(door))
                for _ in range(turns):
                    await asyncio.sleep(0)
                await server.stop()
                client.settimeout(5)
                with contextlib.suppress(ConnectionError):  # it was not accepted at all
                    assert await asyncio.to_thread(client.recv, 4096) == b""

    asyncio.run(scenario())


def test_a_dead_process_leaves_nothing_in_the_way(door):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(door))
    assert not control.runs(door)

    async def scenario():
        async with serving(door):
            assert len(await collect(door, "count", {"to": 2})) == 2

    asyncio.run(scenario())


def test_a_file_in_the_way_is_not_removed(door):
    door.write_text("mine")

    async def scenario():
        with pytest.raises(Failure) as caught:
            await control.ControlServer(door, Operations().run).start()
        assert caught.value.exit_code == SETUP

    asyncio.run(scenario())
    assert door.read_text() == "mine"


def test_who_hangs_up_ends_the_operation(door):
    async def scenario():
        async with serving(door) as operations:
            _, writer = await asyncio.open_unix_connection(str(door))
            writer.write(b'{"op": "forever"}\n')
            await operations.began.wait()
            writer.close()
            await operations.ended.wait()

    asyncio.run(scenario())


def test_who_does_not_read_holds_up_nobody_else(door):
    async def scenario():
        async with serving(door) as operations:
            _, writer = await asyncio.open_unix_connection(str(door))
            writer.write(b'{"op": "flood"}\n')
            await operations.began.wait()
            assert len(await collect(door, "count", {"to": 5})) == 5
            writer.close()
            await operations.ended.wait()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"{\n",
        b"[]\n",
        b'{"op": 5}\n',
        b'{"op": "count", "args": []}\n',
        b"\xff\n",
        b"[" * 9999 + b"\n",
    ],
)
def test_what_is_no_question_is_refused(door, line):
    async def scenario():
        async with serving(door):
            answer = await raw(door, line)
            assert answer["error"]["code"] == USAGE

    asyncio.run(scenario())


def test_a_line_without_end_is_cut_off(door):
    async def scenario():
        async with serving(door):
            answer = await raw(door, b"x" * (control.LINE + 2))
            assert str(control.LINE) in answer["error"]["detail"]

    asyncio.run(scenario())


def test_silence_is_not_waited_for(door, monkeypatch):
    monkeypatch.setattr(control, "IDLE_S", 0.01)

    async def scenario():
        async with serving(door):
            reader, writer = await asyncio.open_unix_connection(str(door))
            assert await reader.read() == b""
            writer.close()

    asyncio.run(scenario())


def test_the_number_of_clients_is_bounded(door, monkeypatch):
    monkeypatch.setattr(control, "CLIENTS", 2)

    async def scenario():
        async with serving(door), contextlib.AsyncExitStack() as stack:
            for _ in range(2):
                items = await stack.enter_async_context(
                    contextlib.aclosing(control.call(door, "forever", {}))
                )
                assert await anext(items) == "first"
            answer = await raw(door, b"")
            assert "serves 2 commands already" in answer["error"]["detail"]

    asyncio.run(scenario())


def test_another_user_is_not_served(door, monkeypatch):
    async def scenario():
        async with serving(door):
            monkeypatch.setattr(control, "peer_user", lambda connection: os.geteuid() + 1)
            with pytest.raises(Failure) as caught:
                await collect(door, "count", {"to": 1})
            assert "another user" in caught.value.detail
            assert (await raw(door, b""))["error"]["detail"] == "this peer belongs to another user"

    asyncio.run(scenario())


def test_the_kernel_tells_whose_the_other_end_is():
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        assert control.peer_user(one) in (os.geteuid(), None)


def test_a_server_that_stops_hangs_up(door):
    async def scenario():
        operations = Operations()
        server = control.ControlServer(door, operations.run)
        await server.start()
        items = control.call(door, "forever", {})
        assert await anext(items) == "first"
        await server.stop()
        with pytest.raises(Failure, match="closed the connection"):
            await anext(items)

    asyncio.run(scenario())


def test_nobody_there_is_told_apart(door):
    with pytest.raises(FileNotFoundError):
        asyncio.run(collect(door, "count", {"to": 1}))
