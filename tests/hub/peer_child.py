"""A desktop peer in a process of its own: HOME SETTINGS(JSON). Says in JSON lines who it is, and
whom it finds.

It asks whom it found for /peer, and ends when its input does.
"""

import asyncio
import json
import sys

from mesh.core import peer_id
from mesh.core.coap import message as coap
from mesh.core.events import PeerFound
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.home.home import Home
from mesh.hub.home.settings_words import parse
from mesh.hub.net import udp

udp.REFRESH_S = 0.2  # so that no test waits long for an interface


def say(**line):
    print(json.dumps(line), flush=True)


async def tell(peer):
    events = peer.events()
    say(
        id=peer_id.to_text(peer.identity.public),
        addresses=peer.addresses,
        layers={layer.name: layer.reason for layer in peer.layers},
        active=[layer.name for layer in peer.layers if layer.active],
    )
    async for event in events:
        if isinstance(event, PeerFound):
            answer = await peer.ask(event.peer, coap.FETCH, ["peer"], timeout=10)
            say(
                found=peer_id.to_text(event.peer),
                address=event.address,
                how=event.how,
                code=answer.code,
                now_at=peer.addresses,
            )


async def main(home, settings):
    with Home(home) as opened:
        async with HubPeer(opened, parse(json.loads(settings), "desktop"), sensed={}) as peer:
            telling = asyncio.ensure_future(tell(peer))
            ended = asyncio.ensure_future(asyncio.to_thread(sys.stdin.read))
            await asyncio.wait([telling, ended], return_when=asyncio.FIRST_COMPLETED)
            telling.cancel()
            await asyncio.wait([telling])


asyncio.run(main(*sys.argv[1:]))
