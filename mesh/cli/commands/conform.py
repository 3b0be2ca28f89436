"""mesh conform: whether a peer keeps to the protocol."""

import ipaddress
from typing import Annotated

import typer

from mesh.cli.options import Json, Reply
from mesh.core.address import read_address
from mesh.core.errors import RemoteError
from mesh.hub.failure import USAGE, Failure
from mesh.hub.net.interfaces import Address

EXAMPLE = "mesh conform 192.168.1.20:5683"
TIMEOUT_S = 180.0


def command(
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="HOST:PORT of UDP; IPv6 in brackets.")
    ],
    section: Annotated[
        list[str] | None,
        typer.Option("--section", "-s", metavar="N", help="Only this one of docs/protocol.md."),
    ] = None,
    write: Annotated[
        bool,
        typer.Option("--write", help="Also give it a run of entries, which it may keep for good."),
    ] = False,
    timeout: Annotated[
        float,
        typer.Option("--timeout", "-t", metavar="SECONDS", min=1, max=3600, help="For all of it."),
    ] = TIMEOUT_S,
    json: Json = False,
) -> Reply:
    """Check whether a peer keeps to the protocol: each section of docs/protocol.md in turn.

    Any peer, of whatever make. It is asked by keys that are made for this and thrown away, never
    by the one of this computer's peer, and nothing is set or, without --write, left there.
    """
    from mesh.hub.conform import playing  # noqa: PLC0415 - no other command needs it

    rows = playing.play(_address(address), write, timeout, section or ())
    return Reply("conform", rows, json, many=True, until=f"asking {address}")


def _address(text: str) -> Address:
    try:
        host, port = read_address(text)
        ipaddress.ip_address(host.partition("%")[0])
    except (RemoteError, ValueError):
        raise Failure(
            f"'{text}' is no address", "such as 192.168.1.20:5683 or [fe80::1%eth0]:5683", USAGE
        ) from None
    return host, port
