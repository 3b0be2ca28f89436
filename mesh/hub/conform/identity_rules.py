"""Sections 1 and 5: a peer's id, and where it tells it. Multicast is not tested."""

from mesh.core import codes, peer_id
from mesh.core.address import read_address
from mesh.core.coap import message as coap
from mesh.core.codec.formats import LINKS
from mesh.core.errors import LocalError, RemoteError
from mesh.core.security.signed_client import request_for
from mesh.hub.conform.expecting import Unmet, expect
from mesh.hub.conform.one_rule import Check
from mesh.hub.conform.stranger import Stranger

ENTRY = 4  # items of a row in /peers


async def find(stranger: Stranger) -> bytes:
    """The id that a peer has in the list of its resources. Unmet."""
    answer = await stranger.get(".well-known/core", "rt=othermesh.peer")
    if answer.code != codes.CONTENT:
        raise Unmet("2.05 of /.well-known/core?rt=othermesh.peer", codes.text(answer.code))
    expect(answer.uint(coap.CONTENT_FORMAT) == LINKS, "Content-Format 40", answer.options)
    text = answer.payload.decode(errors="replace")
    parts = dict(part.partition("=")[::2] for part in text.split(";"))
    expect(text.startswith("</peer>;"), "a link to /peer alone", text)
    try:
        return peer_id.from_text(parts.get("ep", "").strip('"'))
    except (LocalError, RemoteError):
        raise Unmet("an id of 52 characters in base32 as ep", text) from None


async def told(stranger: Stranger) -> None:
    """The id in the list, in /peer, and of the signature."""
    own = (await stranger.read("peer")).get("id")
    expect(own == stranger.peer, "the id that signs", own)


async def peers(stranger: Stranger) -> None:
    """FETCH /peers."""
    listed = await stranger.read("peers")
    expect(isinstance(listed, list), "an array", listed)
    for entry in listed:
        expect(isinstance(entry, list) and len(entry) >= ENTRY, "[id, name, [address], s]", entry)
        try:
            addresses = [read_address(text) for text in entry[2]]
        except (LocalError, RemoteError) as error:
            raise Unmet("addresses as host:port", repr(entry[2])) from error
        expect(len(entry[0]) == len(stranger.peer) and bool(addresses), "an id, an address", entry)


async def discovered(stranger: Stranger) -> None:
    """A signed request for the list of resources gives the same link."""
    answer = await stranger.plain(request_for(coap.GET, [".well-known", "core"], ["rt=nobody"]))
    expect(answer.code == codes.CONTENT and not answer.payload, "2.05, empty", answer.payload)


CHECKS = (
    Check("5", "the id that is told is the key that signs", told),
    Check("5", "the list of resources is filtered by a query", discovered),
    Check("5", "peers are told by id, name, addresses and silence", peers),
)
