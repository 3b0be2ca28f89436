"""`mesh conform` against whole peers: a desktop and a board."""

import json
import subprocess
import sys

PATIENCE_S = 300
# what a peer need not have; all else has to hold
OPTIONAL = {
    "desktop": {"a stranger's offers are not looked at"},
    "board": {
        "a stranger's offers are not looked at",
        "what is not understood is kept and passed on as it came",
    },
}


def conform(port, *options):
    """The exit code of the command, and its lines."""
    command = [sys.executable, "-m", "mesh.cli", "conform", f"127.0.0.1:{port}", "--json"]
    done = subprocess.run(
        [*command, *options], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows, done.stderr
    assert rows[-1]["event"] == "sum", (rows[-1], done.stderr)
    return done.returncode, rows


def held(port, *options):
    """What is not offered; AssertionError with the lines that fail."""
    code, rows = conform(port, *options)
    fails = [row for row in rows if row.get("outcome") == "fail"]
    assert not fails, fails
    assert code == 0
    refused = {row["rule"] for row in rows if row.get("outcome") == "not offered"}
    return {rule for rule in refused if not rule.startswith("TCP: ")}


def test_ours_keep_to_the_protocol(peer, request):
    optional = OPTIONAL[request.node.callspec.params["peer"]]
    assert held(peer.port, "--write", "--timeout", "240") == optional
