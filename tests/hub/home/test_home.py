"""The peer's folder: a key that is not lost, numbers never used twice, one process at a time."""

import os
import random
import select
import signal
import stat
import subprocess
import sys
import time

import needs
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mesh.core.errors import LocalError
from mesh.hub.home.home import Home

SIGNER = """
import sys
from mesh.hub.home.home import Home
home = Home(sys.argv[1], block=3).open()
out = open(1, "wb", buffering=0)
out.write(b"b%d\\n" % home.boots)
for _ in range(100_000):
    out.write(b"%d\\n" % home.identity.next_counter())
"""


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def refusal(action, *args):
    with pytest.raises(LocalError) as caught:
        action(*args)
    return caught.value


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    yield home
    home.close()


def test_a_new_home_is_the_owners_alone(home):
    home.open()
    assert mode(home.path) == 0o700
    assert {file.name: mode(file) for file in home.path.iterdir()} == {
        "identity.pem": 0o600,
        "state.json": 0o600,
        "lock": 0o600,
        "progress": 0o600,
    }


def test_an_identity_stays_and_signs(home):
    with home:
        public = home.identity.public
        signature = home.identity.sign(b"hello")
    assert home.peer_id() == public
    with home:
        assert home.identity.public == public
        assert home.identity.sign(b"hello") == signature
        assert home.boots == 2


def test_openssl_reads_the_key(home):
    with home:
        pass
    text = home.key_file.read_text()
    assert text.startswith("-----BEGIN PRIVATE KEY-----\n")
    assert text.endswith("-----END PRIVATE KEY-----\n")


def test_there_is_no_id_before_the_first_time(home):
    assert home.peer_id() is None
    assert not home.path.exists()


@pytest.mark.parametrize("name", ["identity.pem", "state.json"])
def test_a_file_that_others_can_read_is_refused(home, name):
    with home:
        pass
    (home.path / name).chmod(0o640)
    error = refusal(home.open)
    assert f"others can read {home.path / name}" in error.detail
    assert error.help == f"chmod 600 {home.path / name}"


def test_a_folder_that_others_can_write_to_is_refused(home):
    home.path.mkdir()
    home.path.chmod(0o770)
    assert refusal(home.open).help == f"chmod 700 {home.path}"


def test_the_help_helps(home):
    with home:
        pass
    home.key_file.chmod(0o644)
    subprocess.run(refusal(home.open).help, shell=True, check=True)  # noqa: S602 - our own text
    home.open()


@pytest.mark.parametrize(
    "content",
    [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"\xff\x00" * 50],
)
def test_a_damaged_identity_is_told_and_kept(home, content):
    with home:
        pass
    home.key_file.write_bytes(content)
    error = refusal(home.open)
    assert str(home.key_file) in error.detail
    assert "damaged" in error.detail
    assert home.key_file.read_bytes() == content


def test_another_kind_of_key_is_refused(home):
    with home:
        pass
    home.key_file.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    assert "no unencrypted Ed25519 key" in refusal(home.open).detail


def test_after_an_error_the_home_is_free(home):
    with home:
        pass
    content = home.key_file.read_bytes()
    home.key_file.write_bytes(b"")
    refusal(home.open)
    home.key_file.write_bytes(content)
    home.open()


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "[]",
        '{"boots": 1}',
        '{"boots": 1, "counter": -1}',
        '{"boots": true, "counter": 1}',
    ],
)
def test_an_identity_without_its_counter_is_refused(home, content):
    with home:
        first = home.identity.next_counter()
    state = home.path / "state.json"
    state.unlink()
    if content is not None:
        state.write_text(content)
        state.chmod(0o600)
    error = refusal(home.open)
    assert str(state) in error.detail
    subprocess.run(error.help.partition(": ")[2], shell=True, check=True)  # noqa: S602 - our own text
    with home:
        assert home.identity.next_counter() > first


def test_an_interrupted_first_time_is_made_up_for(home):
    with home:
        pass
    home.key_file.unlink()  # killed after the counter was written, and before the key was
    (home.path / ".identity.pem.new").write_bytes(b"half")
    with home:
        assert home.identity.sign(b"x")
    assert not (home.path / ".identity.pem.new").exists()


def test_a_closed_home_cannot_sign(home):
    with home:
        identity = home.identity
    refusal(identity.sign, b"x")
    refusal(identity.next_counter)
    refusal(lambda: home.identity)


def test_blocks_are_skipped_by_a_restart(home):
    short = Home(home.path, block=10)
    with short:
        assert [short.identity.next_counter() for _ in range(12)] == list(range(12))
    with short:
        assert short.identity.next_counter() == 20


def test_a_number_that_cannot_be_written_down_is_not_used(home, monkeypatch):
    short = Home(home.path, block=2)
    with short:
        assert [short.identity.next_counter(), short.identity.next_counter()] == [0, 1]

        def full(file):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            assert "No space left" in refusal(short.identity.next_counter).detail
        assert short.identity.next_counter() == 2


def test_kill_9_at_any_moment_uses_no_number_twice(home):
    used, boots = [], []
    for _ in range(12):
        with subprocess.Popen(
            [sys.executable, "-c", SIGNER, home.path], cwd=needs.ROOT, stdout=subprocess.PIPE
        ) as child:
            assert select.select([child.stdout], [], [], 30)[0]
            # it has begun; how far it gets is chance, and that is the test
            time.sleep(random.uniform(0, 0.03))
            child.send_signal(signal.SIGKILL)
            lines = child.stdout.read().split()
        boots.append(int(lines[0][1:]))
        used += [int(line) for line in lines[1:]]
    assert len(used) > 12
    assert len(set(used)) == len(used)
    assert boots == list(range(1, 13))


def test_kill_9_during_the_first_time_leaves_a_home_that_opens(home):
    for delay in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", SIGNER, home.path], cwd=needs.ROOT, stdout=subprocess.DEVNULL
        )
        while not home.path.exists() and child.poll() is None:
            pass  # the moment after its folder appears is what is looked for
        time.sleep(delay / 1000)
        child.kill()
        assert child.wait() == -signal.SIGKILL
        with home:
            assert home.identity.sign(b"x")
        for file in home.path.iterdir():
            file.unlink()
        home.path.rmdir()


def test_one_process_at_a_time(home):
    home.open()
    error = refusal(Home(home.path).open)
    assert f"in use by process {os.getpid()}" in error.detail
    assert home.holder() == os.getpid()
    home.close()
    assert home.holder() is None
    with Home(home.path):
        pass


def test_the_lock_names_another_process_and_goes_with_it(home):
    with subprocess.Popen(
        [sys.executable, "-c", SIGNER, home.path], cwd=needs.ROOT, stdout=subprocess.PIPE
    ) as child:
        child.stdout.readline()
        assert f"process {child.pid}" in refusal(home.open).detail
        assert home.holder() == child.pid
        child.kill()
    assert home.holder() is None
    home.open()


def test_where_a_home_is(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MESH_HOME", raising=False)
    assert "othermesh" in Home().path.parts
    assert Home().path.is_relative_to(tmp_path)
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "env"))
    assert Home().path == tmp_path / "env"
    assert Home(tmp_path / "given").path == tmp_path / "given"
    assert Home("~/mine").path == tmp_path / "mine"


def test_the_control_socket_has_a_path_that_fits(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1000")
    short, long = Home("/srv/peer"), Home("/srv/" + "x" * 100)
    assert str(short.control) == "/srv/peer/control.sock"
    assert str(long.control).startswith("/run/user/1000/othermesh/")
    assert len(os.fsencode(long.control)) <= 100
    assert long.control != Home("/srv/" + "y" * 100).control
