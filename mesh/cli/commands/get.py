"""mesh get: reads a resource of any CoAP server."""

import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from typing import Annotated, Any

import typer

from mesh.cli.options import HomeFolder, Interface, Json, Reply, Timeout
from mesh.core.errors import LocalError
from mesh.hub.failure import NOBODY, USAGE, Failure
from mesh.hub.operations import session

EXAMPLE = "mesh get coap://192.168.1.20/sensors"
# what begins as an address does, and so is none of a peer's names: host:port, IP
ADDRESS = re.compile(r"\[|[^/]*:|\d+(\.\d+){3}(/|$)")


def command(  # noqa: PLR0913, PLR0917 - each is an option
    uri: Annotated[
        str,
        typer.Argument(metavar="URI", help="coap:, coap+tcp: or coap+ws:; or PEER/PATH."),
    ],
    observe: Annotated[
        bool, typer.Option("--observe", "-o", help="Keep showing changes.")
    ] = False,
    accept: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Content-Format to ask for; 18: signed.")
    ] = None,
    home: HomeFolder = None,
    interface: Interface = None,
    timeout: Timeout = 10.0,
    json: Json = False,
) -> Reply:
    """Read a CoAP resource of a peer or any other server; PEER/PATH: of a peer, wherever it is.

    JSON, CBOR, link format and SenML are laid out. Nothing is signed unless --accept 18 asks for
    it, which every peer of the mesh understands.
    """
    choices = session.Choices(home, interface)
    items = _read(choices, uri, accept, timeout, observe)
    return Reply("content", items, json, many=observe, until=f"asking {uri}")


async def _read(
    choices: session.Choices, uri: str, accept: int | None, timeout_s: float, observe: bool
) -> AsyncGenerator[Any, None]:
    from mesh.hub.foreign import coap_client, decode  # noqa: PLC0415 - aiocoap, which no other command needs

    if "://" not in uri and not ADDRESS.match(uri):
        uri = await _of_peer(choices, uri, timeout_s)
    with _usage(uri):
        if not observe:
            yield decode.describe(uri, await coap_client.get(uri, accept, timeout_s))
            return
        async with aclosing(coap_client.observe(uri, accept, timeout_s)) as replies:
            async for reply in replies:
                yield decode.describe(uri, reply)


async def _of_peer(choices: session.Choices, text: str, timeout_s: float) -> str:
    """The address of PEER/PATH. Failure."""
    peer, _, path = text.partition("/")
    if not peer:
        raise Failure(f"'{text}' names no peer", "write PEER/PATH, or coap://HOST/PATH", USAGE)
    wait_s = min(timeout_s, session.DISCOVER_S)
    try:
        async with aclosing(session.ask(choices, "where", {"peer": peer}, wait_s)) as items:
            [found] = [item async for item in items]
    except Failure as failure:
        if failure.exit_code != NOBODY:
            raise
        help = f"{failure.help}\nif that is a host: coap://{text}"
        raise Failure(failure.detail, help, NOBODY) from failure
    return f"coap://{found['address']}/{path}"


@contextmanager
def _usage(uri: str) -> Iterator[None]:
    """A URI that is none was written wrongly: nothing here has to be set up."""
    try:
        yield
    except LocalError as error:
        help = error.help if "://" in uri else f"did you mean coap://{uri} ?"
        raise Failure(error.detail, help, USAGE) from error
