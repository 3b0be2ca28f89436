"""A desktop (`mesh up`) and a board, read, observed and found by the code of others."""

import asyncio
import json
import os
import subprocess

import aiocoap
import needs
import pytest
from avahi import avahi_host
from node_client import NODE_CLIENT
from whole import PATIENCE_S, is_reading, run, up

from mesh.boards.virtual.process import VirtualBoard, build
from mesh.core import codes
from mesh.core.codec import cbor
from mesh.core.codec.senml_reading import unpack

READER = """
const coap = require('coap');
const [host, port, path, observe] = process.argv.slice(1);
const request = coap.request({host, port: +port, pathname: path, observe: observe === '1'});
let seen = 0;
let torn = 0;
const tell = (payload) => console.log(JSON.stringify(payload.toString('latin1')));
// it puts the blocks of two notifications together if the second comes amid the first, where
// RFC 7959 section 3.4 has it begin anew
const isWhole = (text) => { try { JSON.parse(text); return true; } catch { return false; } };
request.on('response', (response) => {
  if (observe !== '1') { tell(response.payload); process.exit(0); }
  response.on('data', (chunk) => {
    if (!isWhole(chunk.toString('latin1')) && ++torn < 5) return;
    tell(chunk);
    if (++seen === 3) process.exit(0);
  });
});
request.end();
"""


def test_libcoap_reads(coap_client, peer):
    assert json.loads(run(coap_client, "-m", "get", peer.uri("peer")))["name"] == peer.name
    assert is_reading(
        run(coap_client, "-m", "get", peer.uri(f"sensors/{peer.sensor}")), peer.sensor
    )


def test_libcoap_reads_by_blocks(coap_client, peer):
    """The longest open resource comes whole, though a stranger gets it in small blocks."""
    links = run(coap_client, "-m", "get", peer.uri(".well-known/core"))
    assert links.startswith("</peer>")
    assert f"</sensors/{peer.sensor}>" in links
    assert len(links) > 300, links
    wished = run(coap_client, "-b", "64", "-m", "get", peer.uri(".well-known/core"))
    assert wished == links


def test_libcoap_observes(coap_client, peer):
    said = run(coap_client, "-m", "get", "-s", "5", peer.uri(f"sensors/{peer.sensor}"))
    assert said.count('"v":') >= 3, said


async def _observe(uri, count):
    context = await aiocoap.Context.create_client_context()
    try:
        request = context.request(aiocoap.Message(code=aiocoap.GET, uri=uri, observe=0))
        payloads = [(await request.response).payload]
        enough = asyncio.Event()

        def heard(message):
            payloads.append(message.payload)
            if len(payloads) >= count:
                enough.set()

        request.observation.register_callback(heard, _suppress_deprecation=True)
        await asyncio.wait_for(enough.wait(), PATIENCE_S)
        request.observation.cancel()
        return payloads[:count]
    finally:
        await context.shutdown()


def test_aiocoap_reads_and_observes(peer):
    payloads = asyncio.run(_observe(peer.uri(f"sensors/{peer.sensor}"), 3))
    assert len(payloads) == 3
    assert all(is_reading(payload, peer.sensor) for payload in payloads), payloads


REFUSED = [  # (code, method, options by number)
    ("4.04", "get", {}),
    ("4.05", "delete", {}),
    ("4.05", "patch", {}),
    ("4.01", "put", {}),
    ("4.02", "get", {1: "x"}),
    ("5.05", "get", {35: "coap://example.com/x"}),
]


@pytest.mark.parametrize(("code", "method", "options"), REFUSED)
def test_refusals_by_code(coap_client, peer, code, method, options):
    """RFC 7252 s.5.4.1, s.5.8, s.5.10.2: of libcoap's shortest questions, and of aiocoap's."""
    given = [part for n, text in options.items() for part in ("-O", f"{n},{text}")]
    done = subprocess.run(
        [coap_client, *given, "-m", method, peer.uri("")],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert (done.stdout + done.stderr).strip().startswith(code), done
    answer = asyncio.run(_ask(peer.uri(""), getattr(aiocoap, method.upper()), options))
    assert codes.text(int(answer.code)) == code, answer.code


async def _ask(uri, method, options):
    context = await aiocoap.Context.create_client_context()
    try:
        message = aiocoap.Message(code=method, uri=uri)
        for number, text in options.items():
            message.opt.add_option(aiocoap.optiontypes.OpaqueOption(number, text.encode()))
        return await context.request(message, handle_blockwise=False).response
    finally:
        await context.shutdown()


async def _get(uri, accept=None):
    context = await aiocoap.Context.create_client_context()
    try:
        message = aiocoap.Message(code=aiocoap.GET, uri=uri)
        if accept is not None:
            message.opt.accept = accept
        return await context.request(message).response
    finally:
        await context.shutdown()


def test_aiocoap_reads_cbor_and_large_ones(peer):
    answer = asyncio.run(_get(peer.uri(f"sensors/{peer.sensor}"), 112))
    assert [r.name.rpartition("/")[2] for r in unpack(cbor.decode(answer.payload))] == [
        peer.sensor
    ]
    links = asyncio.run(_get(peer.uri(".well-known/core"))).payload.decode()
    assert f"</sensors/{peer.sensor}>" in links
    assert len(links) > 300


def node(node_coap, peer, path, observe):
    program = needs.program("node")
    environment = os.environ | {"NODE_PATH": str(node_coap / "node_modules")}
    said = run(program, "-e", READER, "127.0.0.1", str(peer.port), path, observe, env=environment)
    return [json.loads(line) for line in said.splitlines()]


def test_node_reads_observes_and_takes_blocks(node_coap, peer):
    assert json.loads(node(node_coap, peer, "/peer", "0")[0])["name"] == peer.name
    links = node(node_coap, peer, "/.well-known/core", "0")[0]
    assert f"</sensors/{peer.sensor}>" in links
    assert len(links) > 300
    readings = node(node_coap, peer, f"/sensors/{peer.sensor}", "1")
    assert len(readings) == 3
    assert all(is_reading(text, peer.sensor) for text in readings)


def test_node_gets_refusals(node_coap, peer):
    environment = os.environ | {"NODE_PATH": str(node_coap / "node_modules")}
    for method, path, code in (("GET", "/", "4.04"), ("DELETE", "/peer", "4.05")):
        command = [needs.program("node"), "-e", NODE_CLIENT, "-", str(peer.port), method, path]
        assert json.loads(run(*command, "0", env=environment))[0] == code


def test_avahi_finds_a_desktop_and_a_board(tmp_path):
    """avahi-browse on another host sees both, with a key and an address and nothing else."""
    with avahi_host() as host:
        other = host.beside
        wrap = [needs.program("ip"), "netns", "exec", other.namespace]
        settings = {
            "name": "shed", "port": 0, "console": "json",
            "discovery": {"layers": ["dns-sd"], "interface": other.address},
        }  # fmt: skip
        folder = build(tmp_path / "board", settings)
        process, started = up(tmp_path / "home", other.address, wrap)
        try:
            with VirtualBoard(folder, wrap=wrap) as one:
                ids = {str(one.wait("joined")["id"]), started["id"]}
                one.wait("found", peer=started["id"])
                seen = host.run(
                    "avahi-browse", "--parsable", "--resolve", "--terminate", "_othermesh._udp"
                )
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE_S)
    rows = [line.split(";") for line in seen.stdout.splitlines() if line.startswith("=")]
    assert {row[7] for row in rows} == {other.address}, rows
    texts = sorted(row[9].replace('"', "").split() for row in rows)
    assert sorted(map(sorted, texts)) == sorted([f"id={one}", "v=1"] for one in ids), texts
