"""CoAP client for other servers, by aiocoap: UDP, TCP and WebSockets (RFC 8323)."""

import asyncio
import contextlib
import errno
import logging
import socket
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, NamedTuple

import aiocoap  # type: ignore[import-untyped]
import websockets
from aiocoap import error as aioerror

from mesh.core.errors import LocalError, MeshError, RemoteError
from mesh.hub.desktop_errors import Unanswered
from mesh.hub.foreign.uris import HELP, checked, scheme_of

TIME_LIMIT_S = 10.0
UDP = "udp6" if sys.platform == "linux" else "simple6"  # as aiocoap itself chooses
TRANSPORTS = {
    "coap": UDP,
    "coap+tcp": "tcpclient",
    "coaps+tcp": "tlsclient",
    "coap+ws": "ws",
    "coaps+ws": "ws",
}
LOGGER = "mesh.hub.foreign.coap_client.coap"


class Reply(NamedTuple):
    """An unsigned response of a server."""

    code: int
    content_format: int | None
    payload: bytes


async def get(uri: str, accept: int | None = None, time_limit_s: float = TIME_LIMIT_S) -> Reply:
    """GET a URI with a scheme of TRANSPORTS. Gives the reply, whatever its code.

    LocalError for an invalid URI. Unanswered after the time limit. RemoteError: refused,
    disconnected, no such host.
    """
    uri = checked(uri)
    request = _request(uri, accept)
    async with _context(uri) as context, _explained(uri):
        async with asyncio.timeout(time_limit_s):
            return _reply(await context.request(request).response)


async def observe(
    uri: str, accept: int | None = None, time_limit_s: float = TIME_LIMIT_S
) -> AsyncGenerator[Reply, None]:
    """Yield what a URI answers now and on each change (RFC 7641); one reply if it cannot be
    observed.

    `time_limit_s` is for the first reply. Errors as in get().
    """
    uri = checked(uri)
    request = _request(uri, accept)
    request.opt.observe = 0
    async with _context(uri) as context, _explained(uri):
        asked = context.request(request)
        try:
            async with asyncio.timeout(time_limit_s):
                first = await asked.response
            yield _reply(first)
            with contextlib.suppress(aioerror.NotObservable, aioerror.ObservationCancelled):
                async for message in asked.observation:
                    yield _reply(message)
        finally:
            if not asked.observation.cancelled:
                asked.observation.cancel()


def _request(uri: str, accept: int | None) -> Any:  # noqa: ANN401 - aiocoap has no types
    try:
        request = aiocoap.Message(code=aiocoap.GET, uri=uri)
    except ValueError as error:  # aiocoap's errors for invalid URIs are ValueErrors
        raise LocalError(f"'{uri}' is no CoAP address: {error}", HELP) from error
    if accept is not None:
        request.opt.accept = accept
    return request


def _reply(message: Any) -> Reply:  # noqa: ANN401 - aiocoap has no types
    content_format = message.opt.content_format
    return Reply(
        int(message.code), None if content_format is None else int(content_format), message.payload
    )


@contextlib.asynccontextmanager
async def _context(uri: str) -> AsyncIterator[Any]:
    """An aiocoap client for one transport only, on a port that the system chooses."""
    # aiocoap logs only if the program set up logging: errors are raised here
    logger = logging.getLogger(LOGGER)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    transport = TRANSPORTS[scheme_of(uri)]
    context = await aiocoap.Context.create_client_context(
        transports=[transport], loggername=LOGGER
    )
    try:
        yield context
    finally:
        await context.shutdown()


@contextlib.asynccontextmanager
async def _explained(uri: str) -> AsyncIterator[None]:
    """Convert exceptions of aiocoap and its libraries to errors of the mesh."""
    try:
        yield
    except (TimeoutError, aioerror.TimeoutError) as error:
        raise Unanswered(f"no answer from {uri} in time") from error
    except (aioerror.ResolutionError, socket.gaierror) as error:
        raise RemoteError(f"no such host: {uri}", help="is the name written right?") from error
    except (aioerror.Error, OSError, websockets.WebSocketException) as error:
        raise _failure(uri, error) from error


def _failure(uri: str, error: BaseException) -> MeshError:
    cause: BaseException | None = error
    while cause is not None and not (isinstance(cause, OSError) and cause.errno):
        cause = cause.__cause__
    if isinstance(cause, OSError):
        if cause.errno == errno.ECONNREFUSED:
            return RemoteError(f"nobody listens there: {uri} refuses", help="is the port right?")
        return RemoteError(f"cannot reach {uri}: {cause.strerror}")
    return RemoteError(f"{uri}: {str(error) or type(error).__name__}")
