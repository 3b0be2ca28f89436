"""A desktop (`mesh up`) and a board, read, observed and found by the code of others."""

import asyncio
import json
import os
import subprocess
import sys

import aiocoap
import needs
import pytest
from avahi import avahi_host
from test_endpoint_strangers import NODE_CLIENT

from mesh.core import cbor, coap
from mesh.core.senml import unpack
from mesh.hub import foreign
from mesh.hub.boards import VirtualBoard, build, configure

PATIENCE_S = 60
SENSORS = ("load", "memory", "network", "disk", "uptime", "heap")
READER = """
const coap = require('coap');
const [host, port, path, observe] = process.argv.slice(1);
const request = coap.request({host, port: +port, pathname: path, observe: observe === '1'});
let seen = 0;
const tell = (payload) => console.log(JSON.stringify(payload.toString('latin1')));
request.on('response', (response) => {
  if (observe !== '1') { tell(response.payload); process.exit(0); }
  response.on('data', (chunk) => { tell(chunk); if (++seen === 3) process.exit(0); });
});
request.end();
"""


class Peer:
    """Where a peer listens, and what it is called."""

    def __init__(self, name, port, sensor):
        self.name = name
        self.port = port
        self.sensor = sensor

    def uri(self, path):
        return f"coap://127.0.0.1:{self.port}/{path}"


def up(folder, interface, wrap=()):
    """`mesh up` with a sensor that changes each second; its process, and its first line."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.toml").write_text(
        'name = "hall"\n[sensors.clock]\nkind = "uptime"\nevery_s = 1\n'
    )
    command = [*wrap, sys.executable, "-m", "mesh.hub.cli", "up", "--home", str(folder)]
    process = subprocess.Popen(
        [*command, "--interface", interface, "--port", "0", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    return process, json.loads(process.stdout.readline())


def wait_for_reading(peer):
    """A peer says that it is up before its sensor was read for the first time."""
    for _ in range(200):
        if asyncio.run(foreign.get(peer.uri(f"sensors/{peer.sensor}"))).code == coap.CONTENT:
            return
    raise AssertionError("no reading comes")


@pytest.fixture
def desktop(tmp_path):
    process, started = up(tmp_path / "home", "127.0.0.1")
    try:
        hall = Peer("hall", int(started["addresses"][0].rpartition(":")[2]), "clock")
        wait_for_reading(hall)
        yield hall
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A board's folder."""
    return build(tmp_path_factory.mktemp("board") / "made")


@pytest.fixture
def board(compiled):
    settings = {
        "name": "shed",
        "port": 0,
        "console": "json",
        "discovery": {"layers": [], "interface": "127.0.0.1"},
        "sensors": {name: {"kind": name, "every_s": 1} for name in SENSORS},
    }
    configure(compiled, settings)
    with VirtualBoard(compiled) as one:
        address = one.wait("joined")["address"]
        one.wait("measured", sensor="uptime")
        yield Peer("shed", int(address.rpartition(":")[2]), "uptime")


@pytest.fixture(params=["desktop", "board"])
def peer(request):
    return request.getfixturevalue(request.param)


def run(*command, **options):
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, **options
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def is_reading(text, sensor):
    """Whether a text is SenML JSON with a number of that sensor."""
    return [r["n"] for r in json.loads(text)] == [sensor] and json.loads(text)[0]["v"] > 0


def test_libcoap_reads(coap_client, peer):
    assert json.loads(run(coap_client, "-m", "get", peer.uri("peer")))["name"] == peer.name
    assert is_reading(
        run(coap_client, "-m", "get", peer.uri(f"sensors/{peer.sensor}")), peer.sensor
    )


def test_the_desktop_is_read_over_tcp(desktop):
    """RFC 8323: what is open to all, on the port of UDP too, by aiocoap under `mesh get`."""
    uri = desktop.uri(f"sensors/{desktop.sensor}").replace("coap:", "coap+tcp:")
    said = run(sys.executable, "-m", "mesh.hub.cli", "get", uri, "--json")
    assert desktop.sensor in said


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
    assert coap.code_text(int(answer.code)) == code, answer.code


async def _ask(uri, method, options):
    context = await aiocoap.Context.create_client_context()
    try:
        message = aiocoap.Message(code=method, uri=uri)
        for number, text in options.items():
            message.opt.add_option(aiocoap.optiontypes.OpaqueOption(number, text.encode()))
        return await context.request(message, handle_blockwise=False).response
    finally:
        await context.shutdown()


def test_libcoap_over_tcp(coap_client, desktop):
    """RFC 8323: reads, blocks, refusals, and an observation without numbers."""
    base = desktop.uri("").replace("coap:", "coap+tcp:")
    links = run(coap_client, "-m", "get", base + ".well-known/core")
    assert run(coap_client, "-b", "64", "-m", "get", base + ".well-known/core") == links
    said = run(coap_client, "-m", "get", "-s", "4", base + f"sensors/{desktop.sensor}")
    assert said.count('"v":') >= 3, said


def test_aiocoap_observes_over_tcp(desktop):
    """By `mesh get`, in a process of its own: aiocoap leaves its connection to the other end."""
    uri = desktop.uri(f"sensors/{desktop.sensor}").replace("coap:", "COAP+TCP:")
    command = [sys.executable, "-m", "mesh.hub.cli", "get", uri, "--observe", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        rows = [json.loads(process.stdout.readline()) for _ in range(3)]
        process.terminate()
    values = [row["content"][0]["value"] for row in rows]
    assert values == sorted(set(values)), rows


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
    assert [r.name.rpartition(":")[2] for r in unpack(cbor.decode(answer.payload))] == [
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
