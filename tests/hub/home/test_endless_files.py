"""Files that are nested without an end, or hold numbers without one: said, never a traceback."""

import pytest

from mesh.cli import setups
from mesh.core.errors import LocalError
from mesh.hub.failure import Failure
from mesh.hub.home import naming, settings_file
from mesh.hub.home.home import Home

DEEP = "[" * 100_000
LONG = "9" * 5000
TOML = [f"a = {DEEP}", f"port = {LONG}", "a = " + '{"b" = ' * 5000, "=", "a" * 100]
JSON = [DEEP, '{"a":' * 100_000, LONG, '{"boots": ' + LONG + "}", "", "x"]


@pytest.mark.parametrize("text", TOML)
def test_settings_that_are_no_toml_are_refused_by_name(text, tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(LocalError, match=r"settings\.toml"):
        settings_file.load(path)
    with pytest.raises(Failure, match=r"settings\.toml"):
        setups.load(path)


@pytest.mark.parametrize("text", JSON)
def test_what_a_home_remembers_is_left_out_if_it_is_no_json(text, tmp_path):
    home = Home(tmp_path / "home")
    with home:
        pass
    for name in ("addresses.json", naming.CACHE):
        (home.path / name).write_text(text)
    assert home.addresses() == {}
    assert naming.remembered(home.path / naming.CACHE) == []
    (tmp_path / "setup.json").write_text(text)
    with pytest.raises(Failure, match=r"setup\.json"):
        setups.load(tmp_path / "setup.json")
    home.state_file.write_text(text)
    with pytest.raises(LocalError, match=r"state\.json is damaged"), home:
        pass
