"""What tests of `mesh board` share: a virtual board called attic, and commands in this process."""

import json

from mesh.cli import app as cli
from mesh.hub.failure import OK

QUIET = {"port": 0, "console": "json", "discovery": {"interface": "127.0.0.1", "layers": []}}
WIFI = [{"ssid": "house", "password": "correct horse"}]


def run(capsys, *arguments, code=OK):
    """A command in this process: what it said as data, or its error."""
    assert cli.run([str(word) for word in (*arguments, "--json")]) == code
    told = capsys.readouterr()
    return json.loads(told.out) if code == OK else told.err
