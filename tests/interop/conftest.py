"""Strangers to talk to: implementations that are not ours, each found or said to be missing; and
whole peers that they talk to."""

import os

import needs
import pytest
from whole import PATIENCE_S, Peer, up, wait_for_reading

from mesh.boards.virtual.process import VirtualBoard, build, configure

SENSORS = ("load", "memory", "network", "disk", "uptime", "heap")
NODE = needs.ROOT / ".venv" / "node"
ADVICE = "`make test` as root installs it"


def needed(package, *names):
    """The path of one of these programs of a Debian package; without, the test does not run."""
    return needs.program(*names) or needs.missing(f"no {names[0]}: {ADVICE} ({package})")


@pytest.fixture(scope="session")
def coap_client():
    """The path of libcoap's client: without DTLS if there is a choice, as nothing here uses it."""
    return needed("libcoap3-bin", "coap-client-notls", "coap-client", "coap-client-openssl")


@pytest.fixture(scope="session")
def node_coap():
    """The folder whose node_modules holds node's coap."""
    needed("nodejs", "node")
    if not (NODE / "node_modules" / "coap").is_dir():
        needs.missing("no coap for node: `make test` installs it where it finds npm")
    return NODE


@pytest.fixture(scope="session")
def avahi_programs():
    """The paths of avahi-daemon, avahi-browse and dbus-daemon, in this order."""
    return (
        needed("avahi-daemon", "avahi-daemon"),
        needed("avahi-utils", "avahi-browse"),
        needed("dbus", "dbus-daemon"),
    )


@pytest.fixture(scope="session")
def namespaces():
    """Says that this test may make network namespaces: it is root, and ip and nft are there."""
    if os.geteuid() != 0:
        needs.missing("only root can make network namespaces: run `make test` as root")
    return needed("iproute2", "ip"), needed("nftables", "nft")


@pytest.fixture
def desktop(tmp_path):
    """`mesh up`, with a reading to give."""
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
    """A board of this machine, with a reading to give."""
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
    """Each of the two."""
    return request.getfixturevalue(request.param)
