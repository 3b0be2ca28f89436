"""Asked about oneself, a peer answers at once, whatever it shares; and what is known at once is
said at once.
"""

import asyncio
import json

import pytest
from commands import LIMIT_S, LOOPBACK, do, greenhouse, make_home, mesh, running

from mesh.cli import app as cli
from mesh.core import peer_id
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.failure import FAILED, NOBODY, OK, USAGE, Failure
from mesh.hub.home.home import Home
from mesh.hub.home.settings_words import parse
from mesh.hub.operations import roster

FOREVER_S = 1e6  # whoever waited so long would end with LIMIT_S


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "study")


def alone(tmp_path, work, **settings):
    """Have a peer with a hidden sensor and a fan, and let `work` ask it."""

    async def scenario():
        told = {"name": "study", "discovery": {"layers": []}} | settings
        with Home(tmp_path / "study") as folder:
            peer = HubPeer(folder, parse(told, "desktop"), interfaces=[LOOPBACK], port=0)
            async with asyncio.timeout(LIMIT_S), peer:
                peer.node.add_sensor("diary", "Cel")
                peer.node.reading(peer.now(), "diary", 21)
                peer.node.add_actuator("fan", lambda value: None, False)
                await work(peer)

    asyncio.run(scenario())


@pytest.mark.parametrize("word", ["self", "study", "STUDY", None])
def test_all_that_this_peer_has_by_any_of_its_names(tmp_path, word):
    async def ask(peer):
        who = word or peer_id.to_text(peer.identity.public)
        [shown] = await do(peer, "show", peer=who, wait=FOREVER_S)
        assert (shown["state"], shown["label"], shown["runs"]) == ("self", "study", True)
        assert "diary" in shown["about"]["sensors"]
        assert {"sensor": "diary", "value": 21, "unit": "Cel"}.items() <= (
            next(row for row in shown["sensors"] if row["sensor"] == "diary").items()
        )
        [[row]] = await do(peer, "read", peer=who, sensor="diary", wait=FOREVER_S)
        assert (row["peer"], row["value"], row["verified"]) == ("study", 21, True)
        [told] = await do(peer, "set", peer=who, actuator="fan", value="true", wait=FOREVER_S)
        assert told["value"] is True
        assert peer.node.peer.actuators["fan"][1] is True
        found = await do(peer, "watch", peer=who, sensor="diary", count=1, wait=FOREVER_S)
        assert found[0]["value"] == 21

    alone(tmp_path, ask, share={"/sensors": "nobody", "/actuators": "nobody", "/feeds": "nobody"})


def test_what_it_has_not_is_refused_with_what_it_has(tmp_path):
    async def ask(peer):
        with pytest.raises(Failure, match="no sensor 'dairy'") as caught:
            await do(peer, "read", peer="self", sensor="dairy")
        assert caught.value.help == "did you mean 'diary'?"
        with pytest.raises(Failure, match="no actuator 'pump'") as caught:
            await do(peer, "set", peer="self", actuator="pump", value="1")
        assert caught.value.help == "there are: fan"

    alone(tmp_path, ask)


def test_an_own_actuator_that_takes_its_time_is_waited_for(tmp_path):
    lamp, broken = tmp_path / "lamp", tmp_path / "no" / "such" / "lamp"

    async def ask(peer):
        [told] = await do(peer, "set", peer="self", actuator="lamp", value="true")
        assert told["value"] is True
        assert lamp.read_text().strip() == "true"
        assert peer.node.peer.actuators["lamp"][1] is True
        with pytest.raises(Failure, match="study refused: ") as caught:
            await do(peer, "set", peer="self", actuator="broken", value="true")
        assert str(broken) in caught.value.detail

    kinds = {"lamp": lamp, "broken": broken}
    actuators = {name: {"kind": "file", "path": str(path)} for name, path in kinds.items()}
    alone(tmp_path, ask, actuators=actuators)


def test_another_peer_of_that_name_comes_first(tmp_path):
    async def ask(peer):
        remembered = [["a" * 52, "self", ""]]
        with pytest.raises(Failure, match=r"self \(aaaaaaaa\) was not found"):
            await do(peer, "show", peer="self", remembered=remembered, wait=0)

    alone(tmp_path, ask)


def test_what_no_waiting_changes_is_said_at_once(tmp_path, monkeypatch):
    async def ask(peer):
        remembered = [["abcd" + "a" * 48, "one", ""], ["abcd" + "b" * 48, "two", ""]]
        with pytest.raises(Failure, match="could be any of 2 peers"):
            await do(peer, "show", peer="abcd", remembered=remembered, wait=FOREVER_S)
        with pytest.raises(Failure, match="cannot be sent"):
            await do(peer, "set", peer="x", actuator="fan", value="1" * 400, wait=FOREVER_S)
        monkeypatch.setattr(roster, "PATIENT_S", FOREVER_S)
        monkeypatch.setattr(roster, "DISCOVER_S", 0.01)
        with pytest.raises(Failure, match="no peer 'nobody'"):
            await do(peer, "show", peer="nobody", wait=FOREVER_S)

    alone(tmp_path, ask)


def test_a_board_that_sleeps_for_longer_is_not_waited_for(tmp_path, home):
    async def scenario():
        async with greenhouse(tmp_path, home) as other:
            with home:
                study = HubPeer(home, home.profile(), interfaces=[LOOPBACK], port=0, sensed={})
                async with study:
                    await do(study, "show", peer="greenhouse", wait=LIMIT_S)
                    contact = study.node.contacts.get(other.identity.public)
                    study.node.contacts.asleep(study.now(), contact, 600_000)
                    await other.stop()
                    with pytest.raises(Failure, match="is asleep, for "):
                        await do(study, "read", peer="greenhouse", timeout=100_000)

    asyncio.run(scenario())


def test_by_commands_with_and_without_a_running_peer(tmp_path, home):
    async def scenario():
        with home.settings_file.open("a") as file:
            file.write("[sensors.uptime]\n")
        code, out, err = await mesh("show", "--home", home.path, "-i", LOOPBACK)
        assert code == OK, err
        assert "this peer itself" in out
        assert "`mesh up` is not on" in out
        code, _, err = await mesh("read", "self", "--home", home.path, "-i", LOOPBACK)
        assert code == FAILED
        assert "`mesh up` does not run here" in err
        async with running(home, "--name", "study"):
            code, out, err = await mesh("show", "--json", "--home", home.path)
            assert json.loads(out)["name"] == "study", err
            code, out, err = await mesh("read", "study/uptime", "--home", home.path)
            assert code == OK, err
            assert out.splitlines()[1].startswith("uptime ")
            code, out, err = await mesh("read", "self,nobody/uptime", "--home", home.path)
            assert "study" in out, err
            assert "no peer 'nobody'" in out + err
            code, out, err = await mesh("get", "study/peer", "--home", home.path)
            assert code == OK, err
            assert "study" in out

    asyncio.run(scenario())


def test_get_reads_a_path_of_a_peer_by_its_name(tmp_path, home):
    async def scenario():
        async with greenhouse(tmp_path, home):
            where = ("--home", home.path, "-i", LOOPBACK)
            code, out, err = await mesh("get", "greenhouse/sensors/temperature", *where)
            assert code == OK, err
            assert "21.35" in out
            code, _, err = await mesh("get", "grenhouse/sensors", *where)
            assert code == NOBODY
            assert "did you mean 'greenhouse'?" in err
            assert "coap://grenhouse/sensors" in err
            code, _, err = await mesh("read", "greenhouse/temprature", *where)
            assert code == FAILED
            assert "did you mean 'temperature'?" in err
            code, _, err = await mesh("set", "greenhouse/fam", "true", *where)
            assert code == FAILED
            assert "4.03" in err or "did you mean 'fan'?" in err

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("word", "leads"),
    [
        ("list", "mesh peers"),
        ("status", "mesh show PEER"),
        ("logs", "mesh log PEER"),
        ("nodes", "mesh peers"),
        ("config", "settings.toml"),
        ("rename", "mesh name PEER NEW"),
    ],
)
def test_verbs_that_people_guess_lead_to_the_right_one(capsys, word, leads):
    assert cli.run([word, "--whatever"]) == USAGE
    told = capsys.readouterr().err
    assert f"there is no command '{word}'" in told
    assert leads in told


def test_what_guesses_lead_to_is_there():
    import re  # noqa: PLC0415

    from mesh.cli.guesses import GUESSED  # noqa: PLC0415

    known = {command.partition(" ")[0] for command in cli.COMMANDS}
    for word, told in GUESSED.items():
        for command in re.findall(r"`mesh ([a-z]+)", told):
            assert command in known, f"{word}: mesh {command}"
