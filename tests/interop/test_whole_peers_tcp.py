"""A desktop (`mesh up`), read and observed over TCP (RFC 8323) by the code of others."""

import asyncio
import itertools
import json
import re
import subprocess
import sys

import aiocoap
import psutil
from whole import run

from mesh.core import codes, peer_id
from mesh.core.coap import message as coap
from mesh.core.security.seal import open_response, seal_request
from mesh.core.security.signed_client import request_for
from mesh.hub.desktop_kit import make_identity, make_kit, new_secret
from mesh.hub.foreign import coap_client

PATIENCE_S, LOOK_S = 20, 0.02


def test_the_desktop_is_read_over_tcp(desktop):
    """RFC 8323: what is open to all, on the port of UDP too, by aiocoap under `mesh get`."""
    uri = desktop.uri(f"sensors/{desktop.sensor}").replace("coap:", "coap+tcp:")
    said = run(sys.executable, "-m", "mesh.cli", "get", uri, "--json")
    assert desktop.sensor in said


def test_libcoap_over_tcp(coap_client, desktop):
    """RFC 8323: reads, blocks, refusals, and an observation without numbers."""
    base = desktop.uri("").replace("coap:", "coap+tcp:")
    links = run(coap_client, "-m", "get", base + ".well-known/core")
    assert f"</sensors/{desktop.sensor}>" in links
    assert run(coap_client, "-b", "64", "-m", "get", base + ".well-known/core") == links
    said = run(coap_client, "-m", "get", "-s", "4", base + f"sensors/{desktop.sensor}")
    assert said.count('"v":') >= 3, said


def test_aiocoap_observes_over_tcp(desktop):
    """By `mesh get`, in a process of its own: aiocoap leaves its connection to the other end."""
    uri = desktop.uri(f"sensors/{desktop.sensor}").replace("coap:", "COAP+TCP:")
    command = [sys.executable, "-m", "mesh.cli", "get", uri, "--observe", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        rows = [json.loads(process.stdout.readline()) for _ in range(3)]
        process.terminate()
    assert all(row["content"][0]["name"].endswith(desktop.sensor) for row in rows), rows
    values = [row["content"][0]["value"] for row in rows]
    assert values == sorted(set(values)), values


def test_aiocoap_carries_a_signed_question(desktop):
    """To any resource: what signs is ours, and frames and connection are those of aiocoap."""

    async def main():
        base = desktop.uri("").replace("coap:", "coap+tcp:")
        links = (await coap_client.get(base + ".well-known/core")).payload.decode()
        peer = peer_id.from_text(re.search('ep="([^"]*)"', links)[1])
        context = await aiocoap.Context.create_client_context(transports=["tcpclient"])
        me, kit = make_identity(new_secret(), itertools.count(1).__next__), make_kit()
        for path in ("peer", "time", f"sensors/{desktop.sensor}"):
            ours = request_for(coap.FETCH, path.split("/"))
            digest = seal_request(kit, me, peer, ours, None, b"")
            theirs = aiocoap.Message(code=aiocoap.FETCH, uri=base + path, payload=ours.payload)
            theirs.opt.content_format = 18
            reply = await context.request(theirs).response
            answer = coap.Message(int(reply.code), reply.payload)
            answer.add(coap.CONTENT_FORMAT, int(reply.opt.content_format))
            assert answer.code == codes.CONTENT
            assert open_response(kit, peer, me.public, digest, answer)[1]
        await context.shutdown()
        await hung_up(desktop.port)

    asyncio.run(main())


async def hung_up(port):
    """Wait until no connection to it is open: aiocoap leaves that to the other end."""
    async with asyncio.timeout(PATIENCE_S):
        while open_to(port):  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(LOOK_S)


def open_to(port):
    """The connections of this process to a port."""
    return [one for one in psutil.Process().net_connections("tcp") if one.raddr[1:] == (port,)]
