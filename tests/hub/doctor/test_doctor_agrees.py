"""What `mesh up` refuses the doctor refuses too, in the same words; and it alarms nobody about
what is right: own virtual boards, tunnels, networks inside this computer.
"""

import ctypes
import json
import os
import socket
import sqlite3
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest
from commands import LOOPBACK, MESH, make_home

from mesh.core.errors import LocalError
from mesh.hub.doctor import diagnosis
from mesh.hub.doctor import multicast as doctor_multicast
from mesh.hub.doctor.diagnosis import FAIL, OK, WARN
from mesh.hub.doctor.probes import GROUP, MDNS, Hearing
from mesh.hub.failure import SETUP
from mesh.hub.home.home import Home
from mesh.hub.net import interfaces, link_kinds
from mesh.hub.operations import starting
from mesh.hub.store import schema

CAPBSET_DROP, NET_BIND_SERVICE = 24, 10  # linux/prctl.h, linux/capability.h
LIBC = ctypes.CDLL(None)


def settings(text):
    def write(home):
        with home.settings_file.open("a") as file:
            file.write(text)

    return write


def first(text):
    """Settings that have to stand above every table."""
    return lambda home: home.settings_file.write_text(text + home.settings_file.read_text())


def loose_folder(home):
    home.path.chmod(0o777)


def loose_key(home):
    home.key_file.chmod(0o644)


def no_state(home):
    home.state_file.unlink()


def no_store(home):
    (home.path / schema.NAME).write_bytes(b"no database, but long enough to look like one" * 100)


def another_database(home):
    with sqlite3.connect(home.path / schema.NAME) as database:
        database.execute("CREATE TABLE recipe (name TEXT)")
    database.close()


def torn_store(home):
    """A store of which the disk has only the first page."""
    path = home.path / schema.NAME
    schema.connect(path, writing=True).close()
    path.write_bytes(path.read_bytes()[:4096])


BROKEN = {
    "unknown": settings("[sensors.load]\nevery = 5\n"),
    "a path": settings('[sensors.d]\nkind = "disk"\npath = "/no/such/disk"\n'),
    "history": settings("[[history]]\ndays = -1\n"),
    "an interface": first('discovery.interface = "192.0.2.77"\ndiscovery.layers = []\n'),
    "no interface": first('discovery.interface = "eth0"\ndiscovery.layers = []\n'),
    "a system port": first("port = 83\n"),
    "a loose folder": loose_folder,
    "a loose key": loose_key,
    "no state": no_state,
    "no store": no_store,
    "another database": another_database,
    "a torn store": torn_store,
}


def unprivileged():
    """As ordinary users are: without the ports of the system, also where tests run as root."""
    LIBC.prctl(CAPBSET_DROP, NET_BIND_SERVICE, 0, 0, 0)


def run(*arguments):
    return subprocess.run(
        [*MESH, *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=60, preexec_fn=unprivileged,
        stdin=subprocess.DEVNULL, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_mesh_up_refuses_the_doctor_refuses(tmp_path, name):
    home = make_home(tmp_path / "home")
    if "interface" in name:
        home.settings_file.write_text("")
    BROKEN[name](home)
    where = () if "interface" in name else ("-i", LOOPBACK)
    up = run("up", "--home", home.path, *where)
    assert up.returncode == SETUP, up.stdout
    assert up.stdout == ""
    assert "Traceback" not in up.stderr
    said = up.stderr.splitlines()[0].removeprefix("mesh: ")
    examined = run("doctor", "--home", home.path, "-i", LOOPBACK, "-t", "0.1", "--json")
    assert examined.returncode == SETUP, examined.stdout
    failed = [one for one in json.loads(examined.stdout) if one["state"] == "fail"]
    assert said in [one["seen"] for one in failed]
    assert all(one["todo"] for one in failed)


def test_a_port_of_the_system_says_what_to_do(tmp_path):
    home = make_home(tmp_path / "home")
    up = run("up", "--home", home.path, "-i", LOOPBACK, "--port", "80")
    assert up.returncode == SETUP
    assert "port 80 is for the system alone" in up.stderr
    assert "5683" in up.stderr


def test_a_good_home_has_nothing_refused_and_its_store_is_looked_at(tmp_path):
    home = make_home(tmp_path / "home")
    found = {one.what: one for one in diagnosis.starts(home)}
    assert {one.state for one in found.values()} == {OK}
    assert found["store"].seen == "nothing was kept yet"
    schema.connect(home.path / schema.NAME, writing=True).close()
    assert starting.look(home)["store"].startswith("0 peers, ")


@pytest.mark.parametrize("wrong", ["lo", "192.0.2.77", "nonsense"])
def test_a_wrong_interface_is_answered_with_those_that_there_are(wrong):
    with pytest.raises(LocalError) as caught:
        interfaces.usable([wrong], 0)
    assert LOOPBACK in caught.value.help


HOLDER = """
import socket, sys
taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
taken.bind(("", 0))
print(taken.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("argument", "state", "words"),
    [
        ("/x/mesh/boards/virtual/prelude.py", OK, "a virtual board"),
        ("/x/something.py", WARN, "taken by python"),
    ],
)
def test_an_own_virtual_board_is_no_alarm(tmp_path, monkeypatch, argument, state, words):
    command = [sys.executable, "-c", HOLDER, argument]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as other:
        monkeypatch.setattr(diagnosis, "PORT", int(other.stdout.readline()))
        found = diagnosis.ports(Home(tmp_path))[0]
        other.stdin.close()
    assert found.state == state
    assert words in found.seen


def test_the_port_of_the_settings_is_the_one_that_is_looked_at(tmp_path):
    home = make_home(tmp_path / "home")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", 0))
        port = taken.getsockname()[1]
        first(f"port = {port}\n")(home)
        found = diagnosis.ports(home)[0]
        assert found.what == f"port {port} (CoAP)"
        assert found.state == WARN
        assert f"process {os.getpid()}" in found.seen


def heard(**more):
    made = Hearing("x0", "192.0.2.7", **more)
    made.echoes = {MDNS[0], GROUP[0]}
    return made


@pytest.mark.parametrize(
    ("kind", "hearing", "state", "words"),
    [
        (link_kinds.POINT, heard(error="no"), OK, "a tunnel"),
        (link_kinds.MUTE, heard(error="no"), OK, "this interface has none"),
        (link_kinds.INNER, heard(), OK, "containers"),
        (link_kinds.REAL, heard(), WARN, "nobody else's"),
        (link_kinds.POINT, heard(peers={"192.0.2.9"}), OK, "peers answered"),
    ],
)
def test_multicast_is_judged_by_its_interface(kind, hearing, state, words):
    found = doctor_multicast.judge(hearing, kind)
    assert found.state == state
    assert words in found.seen


@pytest.mark.parametrize(
    ("flags", "files", "kind"),
    [
        ("up,broadcast,running,multicast", ["device"], link_kinds.REAL),
        ("up,broadcast,running,multicast", [], link_kinds.INNER),
        ("up,broadcast,running,multicast", ["lower_eth7/"], link_kinds.REAL),
        ("up,broadcast,running,multicast", ["lower_veth1/"], link_kinds.INNER),
        ("up,pointopoint,running,noarp,multicast", [], link_kinds.POINT),
        ("up,running,noarp", [], link_kinds.MUTE),
        ("", ["device"], link_kinds.REAL),
    ],
)
def test_kinds_of_interfaces(tmp_path, monkeypatch, flags, files, kind):
    for name in ("x0", "eth7", "veth1"):
        (tmp_path / name).mkdir()
    (tmp_path / "eth7" / "device").mkdir()
    for name in files:
        (tmp_path / "x0" / name).mkdir()
    state = SimpleNamespace(flags=flags)
    monkeypatch.setattr(link_kinds, "NETWORKS", tmp_path)
    monkeypatch.setattr(psutil, "net_if_stats", lambda: {"x0": state})
    assert link_kinds.kind("x0") == kind


def test_a_disk_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    home = make_home(tmp_path / "home")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    [found] = diagnosis.disk(home)
    assert found.state == FAIL
    assert str(home.path) in found.seen
