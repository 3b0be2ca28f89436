"""A desktop (`mesh up`), read and observed over TCP (RFC 8323) by the code of others."""

import json
import subprocess
import sys

from whole import run


def test_the_desktop_is_read_over_tcp(desktop):
    """RFC 8323: what is open to all, on the port of UDP too, by aiocoap under `mesh get`."""
    uri = desktop.uri(f"sensors/{desktop.sensor}").replace("coap:", "coap+tcp:")
    said = run(sys.executable, "-m", "mesh.hub.cli", "get", uri, "--json")
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
    command = [sys.executable, "-m", "mesh.hub.cli", "get", uri, "--observe", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        rows = [json.loads(process.stdout.readline()) for _ in range(3)]
        process.terminate()
    assert all(row["content"][0]["name"].endswith(desktop.sensor) for row in rows), rows
    values = [row["content"][0]["value"] for row in rows]
    assert values == sorted(set(values)), values
