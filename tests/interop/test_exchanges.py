"""How many exchanges others need to read from a desktop and a board that do not know them."""

import asyncio
import json
import os

import aiocoap
import needs
import pytest
from passing import Relay
from whole import Peer, is_reading, run

# reads twice from one address and port
NODE_TWICE = """
const coap = require('coap');
const [port, path] = process.argv.slice(1);
const socket = require('dgram').createSocket('udp4');
const free = (then) => socket.bind(0, '127.0.0.1', () => {
  const bound = socket.address().port;
  socket.close(() => then(bound));
});
const ask = (local, then) => {
  const agent = new coap.Agent({type: 'udp4', port: local});
  const request = coap.request({host: '127.0.0.1', port: +port, pathname: path, agent});
  request.on('response', (response) => {
    console.log(JSON.stringify(response.payload.toString()));
    agent.on('close', then);
  });
  request.end();
};
free((local) => ask(local, () => ask(local, () => process.exit(0))));
"""
NODE_OBSERVES = """
const coap = require('coap');
const [port, path] = process.argv.slice(1);
const request = coap.request({host: '127.0.0.1', port: +port, pathname: path, observe: true});
let seen = 0;
request.on('response', (response) => response.on('data', (chunk) => {
  console.log(JSON.stringify(chunk.toString()));
  if (++seen === 4) process.exit(0);
}));
request.end();
"""


@pytest.fixture
def relayed(peer):
    with Relay(peer.port) as relay:
        yield relay, Peer(peer.name, relay.port, peer.sensor)


def is_whole(path, text):
    return text.startswith("</peer>") if path != "peer" else "name" in json.loads(text)


async def aiocoap_twice(uri):
    context = await aiocoap.Context.create_client_context()
    try:
        return [
            (await context.request(aiocoap.Message(code=aiocoap.GET, uri=uri)).response).payload
            for _ in range(2)
        ]
    finally:
        await context.shutdown()


def by_node(node_coap, program, port, path):
    environment = os.environ | {"NODE_PATH": str(node_coap / "node_modules")}
    said = run(needs.program("node"), "-e", program, str(port), f"/{path}", env=environment)
    return [json.loads(line) for line in said.splitlines()]


@pytest.mark.parametrize("path", ["peer", ".well-known/core"])
def test_aiocoap_needs_one_exchange(relayed, path):
    relay, peer = relayed
    first, second = [payload.decode() for payload in asyncio.run(aiocoap_twice(peer.uri(path)))]
    assert is_whole(path, first)
    assert is_whole(path, second)
    requests, pings, largest = relay.taken()
    assert (requests, pings) == (2, 1)
    assert largest > 300


@pytest.mark.parametrize("path", ["peer", ".well-known/core"])
def test_libcoap_needs_one_exchange(relayed, coap_client, path):
    """It answers no ping in the first quarter of a second of the clock, and so gets another."""
    relay, peer = relayed
    for _ in range(4):
        assert is_whole(path, run(coap_client, "-m", "get", peer.uri(path)))
        requests, pings, largest = relay.taken()
        assert (requests, pings) == (1, 1)
        assert largest > 300


@pytest.mark.parametrize("path", ["peer", ".well-known/core"])
def test_node_needs_one_exchange(relayed, node_coap, path):
    relay, peer = relayed
    first, second = by_node(node_coap, NODE_TWICE, peer.port, path)
    assert is_whole(path, first)
    assert is_whole(path, second)
    requests, pings, largest = relay.taken()
    assert (requests, pings) == (2, 1)
    assert largest > 300


def test_node_observes_whole_readings_from_the_first(relayed, node_coap):
    """It takes a first block for all, so what is cut is lost to it."""
    relay, peer = relayed
    readings = by_node(node_coap, NODE_OBSERVES, peer.port, f"sensors/{peer.sensor}")
    assert len(readings) == 4
    assert all(is_reading(text, peer.sensor) for text in readings), readings
    assert relay.taken()[0] == 1
