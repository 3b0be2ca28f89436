"""`mesh name` and `mesh forget`: in the settings, in a running peer, and what they refuse."""

import asyncio
import json
import tomllib

import pytest
from commands import LIMIT_S, LOOPBACK, greenhouse, make_home, mesh, running

from mesh.core import peer_id
from mesh.core.errors import LocalError
from mesh.hub.failure import NOBODY, OK, USAGE
from mesh.hub.home import naming, petnames, settings_file

ONE, TWO = peer_id.to_text(bytes([1]) * 32), peer_id.to_text(bytes([2]) * 32)
WHOLE = f"""# kept as it is
name = "study"
introduced_by = "attic"
follow = ["attic", "hut"]

[names]
attic = "{ONE}"
hut = "{TWO}"

[sensors]
load = {{ share = ["attic"] }}

[[peers]]
id = "attic"
address = "127.0.0.1:9"

[[keep]]
who = ["attic"]

[share]
"/feeds" = ["attic", "hut"]
"""


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "study")


def test_a_new_name_is_one_wherever_the_settings_name_that_peer(home):
    home.settings_file.write_text(WHOLE)
    before = home.profile()
    assert petnames.rename(home, "cellar", ONE) == "attic"
    text = home.settings_file.read_text()
    assert "attic" not in text
    assert text.startswith("# kept as it is")
    after = home.profile()
    assert after.names == {"cellar": peer_id.from_text(ONE), "hut": peer_id.from_text(TWO)}
    for name in ("introduced_by", "follow", "share", "peers", "keep"):
        assert getattr(after, name) == getattr(before, name), name
    assert petnames.rename(home, "cellar", ONE) == "", "it is called so already"


@pytest.mark.parametrize("name", ["", "a/b", "*", "a?", "x" * 64, "self", " a", "a\nb", "a,b"])
def test_what_is_no_name_changes_nothing(home, name):
    home.settings_file.write_text(WHOLE)
    with pytest.raises(LocalError) as caught:
        petnames.rename(home, name, ONE)
    assert "nothing was changed" in caught.value.help
    assert home.settings_file.read_text() == WHOLE


def test_the_name_of_another_is_refused(home):
    home.settings_file.write_text(WHOLE)
    with pytest.raises(LocalError, match="our name for another peer"):
        petnames.rename(home, "hut", ONE)
    assert home.settings_file.read_text() == WHOLE


def test_who_is_named_elsewhere_is_not_forgotten(home):
    home.settings_file.write_text(WHOLE)
    with pytest.raises(LocalError) as caught:
        petnames.drop(home, ONE)
    for place in ("follow", "introduced_by", "peers[0].id", "keep[0].who", "share./feeds"):
        assert place in caught.value.detail
    assert home.settings_file.read_text() == WHOLE
    home.settings_file.write_text(f'[names]\nattic = "{ONE}"\n')
    assert petnames.drop(home, ONE) == ["attic"]
    assert settings_file.load(home.settings_file).names == {}


def test_a_board_that_gets_another_name_loses_the_one_that_came_of_it(home):
    assert petnames.add(home, "attic", ONE) == "attic"
    assert petnames.add(home, "cellar", ONE, former="attic") == "cellar"
    assert home.profile().names == {"cellar": peer_id.from_text(ONE)}
    petnames.rename(home, "mine", ONE)
    assert petnames.add(home, "loft", ONE, former="cellar") == "mine", "that one was chosen here"


def test_two_names_are_shown_and_both_lead_there(tmp_path, home):
    async def scenario():
        where = ("--home", home.path, "-i", LOOPBACK)
        async with asyncio.timeout(LIMIT_S), greenhouse(tmp_path, home) as peer:
            code, out, err = await mesh("name", "greenhouse", "jungle", *where)
            assert code == OK, err
            assert "is called jungle here" in out
            assert "calls itself greenhouse" in out
            async with running(home) as (process, _):
                await process.stdout.readline()  # found
                for name in ("jungle", "greenhouse"):
                    code, out, err = await mesh("read", f"{name}/temperature", "--home", home.path)
                    assert code == OK, err
                _, out, _ = await mesh("peers", "--home", home.path)
                assert "jungle (calls itself greenhouse)" in out
                code, out, err = await mesh("name", "jungle", "tropics", "--home", home.path)
                assert code == OK, err
                code, out, err = await mesh("show", "tropics", "--home", home.path)
                assert code == OK, err
                assert "tropics (calls itself greenhouse)" in out
                code, _, err = await mesh("read", "jungle", "--home", home.path)
                assert code == NOBODY
                # it calls itself otherwise from now on, and is found so at once
                peer.profile.name = "hothouse"
                code, _, err = await mesh("read", "hothouse/temperature", "--home", home.path)
                assert code == OK, err

    asyncio.run(scenario())


def test_a_forgotten_peer_leaves_no_name_and_no_address(tmp_path, home):
    async def scenario():
        where = ("--home", home.path, "-i", LOOPBACK)
        async with asyncio.timeout(LIMIT_S), greenhouse(tmp_path, home) as peer:
            who = peer_id.to_text(peer.identity.public)
            code, _, err = await mesh("name", "greenhouse", "jungle", *where)
            assert code == OK, err
        text = home.settings_file.read_text()
        home.settings_file.write_text(
            text[: text.index("[[peers]]")] + f'[names]\njungle = "{who}"\n'
        )
        assert home.addresses()
        async with running(home):
            code, out, err = await mesh("forget", "jungle", "--json", "--home", home.path)
            assert code == OK, err
            told = json.loads(out)
            assert (told["id"], told["names"], told["addresses"]) == (who, ["jungle"], 1)
        assert home.addresses() == {}
        assert naming.remembered(home.path / naming.CACHE) == []
        assert "jungle" not in tomllib.loads(home.settings_file.read_text()).get("names", {})
        code, _, err = await mesh("forget", "jungle", *where)
        assert code == NOBODY
        code, _, err = await mesh("forget", "self", *where)
        assert code == USAGE
        assert "mesh id renew" in err

    asyncio.run(scenario())


def test_this_peer_is_given_a_name_of_its_own(home):
    async def scenario():
        async with asyncio.timeout(LIMIT_S), running(home):
            code, out, err = await mesh("name", "self", "study", "--home", home.path)
            assert (code, out) == (OK, "this peer calls itself study\n"), err
            _, out, _ = await mesh("show", "study", "--json", "--home", home.path)
            assert json.loads(out)["name"] == "study"
        assert home.profile().name == "study"
        code, _, _ = await mesh("name", "study", "office", "--home", home.path)
        assert code == OK
        assert home.profile().name == "office"

    asyncio.run(scenario())
