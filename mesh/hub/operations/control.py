"""Control socket of a running `mesh up`, for commands of the same user: lines of JSON.

A Unix socket. One line in: {"op": name, "args": {...}}. Lines out: {"data": ...} for each item,
then {"end": true}, or {"error": ...} as in failure.to_plain(). One request for each connection;
closing it cancels the request.
"""

import asyncio
import contextlib
import json
import os
import socket
import stat
import struct
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from typing import Any

from mesh.core.errors import MeshError
from mesh.core.kit import nothing
from mesh.hub.failure import SETUP, USAGE, Failure, from_plain, to_plain
from mesh.hub.guard import Faults
from mesh.hub.home.files import make_private_folder
from mesh.hub.listening import stop_listening

LINE = 1024 * 1024  # bytes of one line: the largest table of peers fits
CLIENTS = 16
IDLE_S = 10.0  # time for the request of a connection

Run = Callable[[str, Mapping[str, Any]], AsyncGenerator[Any, None]]


class ControlServer:
    """Serves `run(op, args)`, an async generator of plain data, to processes of the same user."""

    def __init__(self, path: Path, run: Run, faults: Faults | None = None) -> None:
        self._faults = faults or Faults(nothing)
        self._path = path
        self._run = run
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._over = False

    async def start(self) -> None:
        """Listen. The caller holds the lock of the home, so an existing socket is of a dead
        process.
        """
        # the system's folder for sockets, if it is not our home
        make_private_folder(self._path.parent)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _remove_socket(self._path)
            listener.bind(str(self._path))
            self._path.chmod(0o600)  # before listen(), so that nobody else can connect
        except OSError as error:
            listener.close()
            raise Failure(
                f"no control socket at {self._path}: {error.strerror or error}",
                "other commands reach a running peer by it; choose another folder with --home",
                SETUP,
            ) from error
        self._server = await asyncio.start_unix_server(self._connected, sock=listener, limit=LINE)

    async def stop(self) -> None:
        """Close all connections and remove the socket."""
        if self._server is None:
            return
        self._over = True
        await stop_listening(self._server)
        for task in list(self._clients):
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        _remove_socket(self._path)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._over:
            writer.close()
            return
        task = asyncio.ensure_future(self._converse(reader, writer))
        self._clients.add(task)
        try:
            await task
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            pass  # the command ended, or this peer does
        finally:
            self._clients.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not _is_ours(writer):
            return await _say_error(writer, Failure("this peer belongs to another user"))
        if len(self._clients) > CLIENTS:
            return await _say_error(
                writer, Failure(f"the running peer serves {CLIENTS} commands already", "end some")
            )
        try:
            async with asyncio.timeout(IDLE_S):
                line = await reader.readline()
        except ValueError:  # longer than the reader's limit
            return await _say_error(
                writer, Failure(f"a line has at most {LINE} bytes", code=USAGE)
            )
        if line.endswith(b"\n"):
            await self._answer(line, reader, writer)
        return None

    async def _answer(
        self, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        answer = asyncio.ensure_future(self._stream_or_say(line, writer))
        hung_up = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait((answer, hung_up), return_when=asyncio.FIRST_COMPLETED)
        finally:
            hung_up.cancel()
            answer.cancel()
            await asyncio.wait((answer, hung_up))
        if not answer.cancelled():
            answer.result()

    async def _stream_or_say(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        why = await self._faults.awaited("command", self._stream, line, writer)
        if why and not writer.is_closing():
            help = "the running peer goes on; its log has more of it"
            await _say_error(writer, Failure(f"a fault of the running peer: {why}", help))

    async def _stream(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            op, args = _read_question(line)
            async with contextlib.aclosing(self._run(op, args)) as items:
                async for item in items:
                    await _say(writer, {"data": item})
        except MeshError as error:
            await _say_error(writer, error)
        except ConnectionError:
            return  # the command ended
        else:
            await _say(writer, {"end": True})


async def call(path: Path, op: str, args: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
    """Run an operation in the peer behind the socket. Yields its items. Failure as raised there.

    FileNotFoundError or ConnectionRefusedError if no peer runs there.
    """
    reader, writer = await asyncio.open_unix_connection(str(path), limit=LINE)
    try:
        if not _is_ours(writer):
            raise Failure(
                f"{path} belongs to another user's process", "nothing was sent to it", SETUP
            )
        await _say(writer, {"op": op, "args": dict(args)})
        while True:
            answer = _read_answer(await reader.readline())
            if "data" not in answer:
                break
            yield answer["data"]
        if "end" not in answer:
            raise _failure(answer.get("error"))
    except ConnectionError as error:
        raise _failure(None) from error
    finally:
        writer.close()


def runs(path: Path) -> bool:
    """Whether a peer listens at that socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def peer_user(connection: socket.socket) -> int | None:
    """The user id at the other end of a Unix socket; None if the system does not say."""
    if sys.platform.startswith("linux"):
        record = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int(struct.unpack("=iII", record)[1])
    if sys.platform == "darwin":  # struct xucred: version, uid, ...; LOCAL_PEERCRED 1 at level 0
        return int(struct.unpack_from("=II", connection.getsockopt(0, 1, 76))[1])
    return None


def _is_ours(writer: asyncio.StreamWriter) -> bool:
    return peer_user(writer.get_extra_info("socket")) in (None, os.geteuid())


def _remove_socket(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()


def _read_question(line: bytes) -> tuple[str, dict[str, Any]]:
    try:
        question = json.loads(line)
    except (ValueError, RecursionError):
        question = None
    if isinstance(question, dict):
        op, args = question.get("op"), question.get("args", {})
        if isinstance(op, str) and isinstance(args, dict):
            return op, args
    raise Failure("not a question", 'write {"op": name, "args": {...}} on one line', USAGE)


def _read_answer(line: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(line)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _failure(error: object) -> Failure:
    if not isinstance(error, dict):
        return Failure(
            "the running peer closed the connection before it answered",
            "see whether `mesh up` still runs, and ask again",
        )
    return from_plain(error)


async def _say(writer: asyncio.StreamWriter, answer: Mapping[str, Any]) -> None:
    writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
    await writer.drain()


async def _say_error(writer: asyncio.StreamWriter, error: MeshError) -> None:
    await _say(writer, {"error": to_plain(error)})
