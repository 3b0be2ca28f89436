"""The wheel is built and installed once."""

import contextlib
import json
import os
import sys

import place
import pytest
from namespaces import Namespace

BOARDS = {
    "greenhouse": {
        "sensors": {"heap": {"every_s": 5}, "temperature": {"every_s": 5, "path": "warm"}},
        "actuators": {"fan": {"kind": "switch"}},
    },
    "door": {"sensors": {"heap": {"every_s": 5}, "uptime": {"every_s": 5}}},
    "shed": {"sensors": {kind: {"every_s": 5} for kind in ("heap", "load", "memory")}},
}
# `make installed` names more
PYTHONS = [sys.executable, *os.environ.get("PYTHONS", "").split()]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    return place.wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session", params=PYTHONS, ids=os.path.basename)
def python(request, wheel, tmp_path_factory):
    """A Python in which the wheel was installed."""
    return place.install(tmp_path_factory.mktemp("venv") / "v", wheel, request.param)


@pytest.fixture(scope="session")
def here(python, tmp_path_factory):
    """A place with a network of its own, three boards, and `mesh up`."""
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(Namespace())
        network.add_interface("wlan0", "192.168.7.10/24")
        made = place.Place(python, tmp_path_factory.mktemp("place"), network.wrap)
        stack.enter_context(made)
        for name, settings in BOARDS.items():
            _board(made, name, settings)
        (made.data / "settings.toml").write_text(
            'name = "study"\n' + (made.data / "settings.toml").read_text()
        )
        made.up = made.start("up", "is up")
        for reading in ("greenhouse/temperature", "door/uptime", "shed/load"):
            place.wait(lambda: reading in made.up.read_text(), made.up.read_text)  # noqa: B023
        yield made


def _board(made, name, settings):
    log = made.start(f"board virtual {name} --blank", "port: ")
    port = log.read_text().split("port: ")[1].split()[0]
    (made.folder / "home" / name / "warm").write_text("21450\n")
    file = made.folder / f"{name}.json"
    file.write_text(json.dumps({"name": name} | settings))
    code, said = made.mesh(f"flash {port} --settings {file} --yes")
    assert code == 0, said
