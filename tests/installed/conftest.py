"""The wheel is built and installed once."""

import contextlib
import json
import os
import sys
import sysconfig

import place
import pytest
import pythons as tool
from namespaces import Namespace
from needs import ROOT

BOARDS = {
    "greenhouse": {
        "sensors": {"heap": {"every_s": 5}, "temperature": {"every_s": 5, "path": "warm"}},
        "actuators": {"fan": {"kind": "switch"}},
    },
    "door": {"sensors": {"heap": {"every_s": 5}, "uptime": {"every_s": 5}}},
    "shed": {"sensors": {kind: {"every_s": 5} for kind in ("heap", "load", "memory")}},
}
NEWEST = ROOT / ".venv" / "newest"  # tools/setup.py makes it, where there is a newer Python


def pythons():
    """Each Python that the wheel is tried with, and a folder of packages for it, or None."""
    own = (sys.executable, sysconfig.get_path("purelib"))
    if named := os.environ.get("PYTHONS", "").split():  # `make installed` names them
        where = tool.folders()
        return [own, *((str(tool.named(name, where)), None) for name in named)]
    if (NEWEST / "python").exists():
        return [own, ((NEWEST / "python").read_text(), NEWEST / "site")]
    return [own]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    return place.wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session", params=pythons(), ids=lambda one: os.path.basename(one[0]))
def python(request, wheel, tmp_path_factory):
    """A Python in which the wheel was installed."""
    return place.install(tmp_path_factory.mktemp("venv") / "v", wheel, *request.param)


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
