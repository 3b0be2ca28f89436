"""What a home remembers of others, and the settings that people write there."""

import json
import stat

import pytest

from mesh.core import peer_id
from mesh.core.errors import LocalError
from mesh.hub.home.home import Home


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


def test_addresses_are_remembered(home):
    peer, other = bytes(32), bytes(range(32))
    where = {peer: [("192.0.2.1", 5683)], other: [("fe80::1%eth0", 1), ("2001:db8::1", 65535)]}
    with home:
        assert home.addresses() == {}
        home.remember(where)
    assert home.addresses() == where
    assert list(home.addresses()) == [peer, other]
    assert mode(home.path / "addresses.json") == 0o600


@pytest.mark.parametrize(
    "content",
    [
        "",
        "nonsense",
        "[1]",
        '{"x": 1}',
        json.dumps({peer_id.to_text(bytes(32)): "text"}),
        json.dumps({peer_id.to_text(bytes(32)): [5]}),
    ],
)
def test_a_damaged_cache_of_addresses_is_an_empty_one(home, content):
    with home:
        (home.path / "addresses.json").write_text(content)
        assert home.addresses() == {}


def test_no_more_addresses_than_there_is_room_for(home):
    where = {n.to_bytes(32, "big"): [("192.0.2.1", 5683)] for n in range(1, 1100)}
    with home:
        home.remember(where)
    assert list(home.addresses()) == list(where)[-1024:]


def test_settings_are_optional(home):
    assert home.profile().kind == "desktop"


def test_settings_are_read(home):
    home.path.mkdir()
    home.settings_file.write_text('name = "hall"\nport = 6000\n')
    profile = home.profile()
    assert (profile.name, profile.port) == ("hall", 6000)


def test_a_wrong_setting_is_pointed_at(home):
    home.path.mkdir()
    home.settings_file.write_text('name = "hall"\n\nprot = 6000\n')
    error = refusal(home.profile)
    assert error.detail.startswith(f"{home.settings_file}, line 3: ")
    assert "port" in error.help
    assert "prot" in error.detail


def test_a_wrong_setting_in_a_table_is_pointed_at(home):
    home.path.mkdir()
    home.settings_file.write_text(
        'name = "hall"\n[sensors.cpu]\nkind = "cpu"\n'
        '[sensors.up]\nkind = "uptime"\nevery_s = "often"\n'
    )
    error = refusal(home.profile)
    assert error.detail.startswith(f"{home.settings_file}, line 6: sensors.up.every_s: ")


@pytest.mark.parametrize(
    ("content", "said"), [(b'name = "hall\n', "line 1"), (b"\xff", "not UTF-8")]
)
def test_what_is_no_toml_is_told(home, content, said):
    home.path.mkdir()
    home.settings_file.write_bytes(content)
    error = refusal(home.profile)
    assert str(home.settings_file) in error.detail
    assert said in error.detail
