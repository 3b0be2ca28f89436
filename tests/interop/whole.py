"""A desktop (`mesh up`) and a board, whole, for strangers to talk to; and what asks them."""

import asyncio
import json
import subprocess
import sys

from mesh.core import codes
from mesh.hub.foreign import coap_client

PATIENCE_S = 60


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
    command = [*wrap, sys.executable, "-m", "mesh.cli", "up", "--home", str(folder)]
    process = subprocess.Popen(
        [*command, "--interface", interface, "--port", "0", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    return process, json.loads(process.stdout.readline())


def wait_for_reading(peer):
    """A peer says that it is up before its sensor was read for the first time."""
    for _ in range(200):
        if asyncio.run(coap_client.get(peer.uri(f"sensors/{peer.sensor}"))).code == codes.CONTENT:
            return
    raise AssertionError("no reading comes")


def run(*command, **options):
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, **options
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def is_reading(text, sensor):
    """Whether a text is SenML JSON with a number of that sensor."""
    return [r["n"] for r in json.loads(text)] == [sensor] and json.loads(text)[0]["v"] > 0
