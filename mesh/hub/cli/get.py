"""mesh get: read anything that speaks CoAP."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from typing import Annotated, Any

import typer

from mesh.core.errors import LocalError
from mesh.hub.cli.options import Json, Reply, Timeout
from mesh.hub.failure import USAGE, Failure

EXAMPLE = "mesh get coap://192.168.1.20/sensors"


def command(
    uri: Annotated[str, typer.Argument(metavar="URI", help="coap:, coap+tcp: or coap+ws:.")],
    observe: Annotated[
        bool, typer.Option("--observe", "-o", help="Keep showing changes.")
    ] = False,
    accept: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Content-Format to ask for; 18: signed.")
    ] = None,
    timeout: Timeout = 10.0,
    json: Json = False,
) -> Reply:
    """Read any CoAP address, of a peer or a stranger.

    JSON, CBOR, link format and SenML are laid out. Nothing is signed unless --accept 18 asks for
    it, which every peer of the mesh understands.
    """
    items = _observe(uri, accept, timeout) if observe else _get(uri, accept, timeout)
    return Reply("content", items, json, many=observe, until=f"asking {uri}")


async def _get(uri: str, accept: int | None, timeout_s: float) -> AsyncGenerator[Any, None]:
    from mesh.hub import foreign, formats  # noqa: PLC0415 - aiocoap, which no other command needs

    with _usage(uri):
        yield formats.describe(uri, await foreign.get(uri, accept, timeout_s))


async def _observe(uri: str, accept: int | None, timeout_s: float) -> AsyncGenerator[Any, None]:
    from mesh.hub import foreign, formats  # noqa: PLC0415 - as above

    with _usage(uri):
        async with aclosing(foreign.observe(uri, accept, timeout_s)) as replies:
            async for reply in replies:
                yield formats.describe(uri, reply)


@contextmanager
def _usage(uri: str) -> Iterator[None]:
    """A URI that is none was written wrongly: nothing here has to be set up."""
    try:
        yield
    except LocalError as error:
        help = error.help if "://" in uri else f"did you mean coap://{uri} ?"
        raise Failure(error.detail, help, USAGE) from error
