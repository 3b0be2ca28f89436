"""Settings that are wrong: what is said of them, on desktops and for boards, and that nothing is
taken that nobody heeds.
"""

import asyncio
import itertools

import pytest
from commands import LIMIT_S, LOOPBACK, make_home, mesh, running

from mesh.core.errors import LocalError
from mesh.core.policy import checking
from mesh.core.policy.section_table import SECTIONS
from mesh.hub.failure import SETUP
from mesh.hub.home import desktop_settings, settings_file, settings_words


def said(text):
    """What is said of a desktop's settings: (detail, help)."""
    with pytest.raises(LocalError) as caught:
        settings_file.check(text, "s.toml")
    return caught.value.detail, caught.value.help or ""


@pytest.mark.parametrize(
    ("text", "detail", "help"),
    [
        ("port = 70000", "line 1: port: 70000 is out of range: from 0 to 65535", ""),
        ("port = true", "line 1: port: true is not a whole number", ""),
        ("[sensors.load]\nevery_s = -5", "line 2: sensors.load.every_s: -5 is out of range", ""),
        ('[sensors.load]\nevery_s = "5"', "'5' is not a number", "write it without quotes"),
        (f'name = "{"n" * 33}"', "is too long: 33 bytes of at most 32", ""),
        ("[limits]\npeers = 0", "limits.peers: 0 is out of range: from 1", ""),
        ('follow = "all"', "follow: 'all' is neither \"*\" nor a list", 'follow = "*"'),
        ('follow = "ann"', "follow: 'ann' is neither", 'follow = ["ann"]'),
        ('follow = ["*"]', "has a star in a list", 'follow = "*"'),
        ('[[keep]]\nwho = "all"', "line 2: keep[0].who: 'all' is neither", 'who = "*"'),
        ('[[history]]\nwho = "all"', "line 2: history[0].who: 'all'", 'who = "*"'),
        ("[[history]]\ndays = -1", "history[0].days: -1 is out of range", ""),
        ('[share]\n"/peer" = "everybody"', 'is not "all", "nobody" or a list', '"all"'),
        ('[share]\n"/peer" = "nobdy"', 'is not "all", "nobody" or a list', '"nobody"'),
        ("[sensors.load]\nevery = 5", "line 2: sensors.load: 'every' is not one of", '"every_s"'),
        ("[sensors.load]\nsamples = 3", "line 2: sensors.load: 'samples' is for boards", "once"),
        ('[sensors.d]\nkind = "disk"\npaht = "/"', "line 3: sensors.d: 'paht' is not", '"path"'),
        ('[sensors.d]\nkind = "disk"\npath = 3', "line 3: sensors.d.path: 3 is not a path", ""),
        ('[sensors.m]\nkind = "memry"', "'memry' is no kind of sensor here", '"memory"'),
        ("[sensors.bme280]", "'bme280' is no kind of sensor here", "there are: "),
        ('[actuators.fan]\nkind = "relay"', "'relay' is no kind of actuator here", "there are"),
        ('[[wifi]]\nssid = "house"', "'wifi' is for boards", "its own system"),
        (
            '[discovery]\nlayers = ["ipv6"]',
            "line 2: discovery.layers: 'ipv6' is for boards",
            "wherever it has it",
        ),
        ("watchdog_s = 5", "line 1: settings: 'watchdog_s' is for boards", "systemd"),
        ('[discovery]\nlayers = ["dnssd"]', "'dnssd' is not one of dns-sd", '"dns-sd"'),
        (
            '[[rules]]\nwhen = "self/load"\nabove = 1\nset = "fan"\nto = true',
            "rules[0].when: 'load' is none of the sensors in these settings, which name none",
            "sensors.load",
        ),
    ],
)
def test_what_is_wrong_is_said_as_it_is(text, detail, help):
    told, offered = said(text)
    assert detail in told
    assert help in offered


def test_an_empty_list_of_choices_says_so():
    rule = {"when": "self/heap", "above": 1, "set": "fan", "to": True}
    with pytest.raises(LocalError, match="fan' is none of the actuators in these settings"):
        settings_words.parse({"sensors": {"heap": {}}, "rules": [rule]})
    with pytest.raises(LocalError, match="nothing to choose from"):
        settings_words.choice("x", "sensors.x.kind", [])


VALUES = (
    None, True, -1, 0, 1, 5.5, 63, 64, 1e40, 1 << 31, "", "x", "5", "x" * 64, "ä" * 40, [], [5],
    ["x"], {}, {"x": 1}, {"kind": "x"}, "*", "dns-sd",
)  # fmt: skip


def leaves(spec, value):
    """Settings in which `value` stands at one place of the schema after the other."""
    yield value
    if isinstance(spec, dict):
        for key, inner in spec.items():
            yield from ({"n" if key == "*" else key: made} for made in leaves(inner, value))
    elif isinstance(spec, list):
        yield from ([made] for made in leaves(spec[0], value))


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_it_refuses_what_a_board_refuses_and_nothing_else(value):
    schema = {row.key: row.spec for row in SECTIONS}

    def refuses(check, made):
        try:
            check(made, "", schema)
        except LocalError:
            return True
        return False

    count = 0
    for made in itertools.chain(leaves(schema, value), [{"nonsense": value}]):
        assert refuses(settings_words.check, made) == refuses(checking.check, made), made
        count += 1
    assert count > 100


def test_a_path_that_is_not_there_is_refused_unless_it_may_come_and_go(tmp_path):
    def sensors(more=""):
        text = f'[sensors.stick]\nkind = "disk"\npath = "{tmp_path / "stick"}"\n{more}'
        return settings_file.check(text, "s.toml").sensors

    with pytest.raises(LocalError, match=r"sensors\.stick\.path: there is no") as caught:
        desktop_settings.absent(sensors())
    assert "removable = true" in caught.value.help
    desktop_settings.absent(sensors("removable = true\n"))
    (tmp_path / "stick").mkdir()
    desktop_settings.absent(sensors())


def test_a_path_that_stands_still_holds_nothing_up(monkeypatch, tmp_path):
    import threading  # noqa: PLC0415

    stuck = threading.Event()
    monkeypatch.setattr(desktop_settings.os, "stat", lambda _: stuck.wait(LIMIT_S))
    monkeypatch.setattr(desktop_settings, "PATIENCE_S", 0.01)
    text = '[sensors.nas]\nkind = "disk"\npath = "/nas"\n'
    desktop_settings.absent(settings_file.check(text, "s.toml").sensors)
    stuck.set()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[sensors.load]\nevery = 5\n", 'did you mean "every_s"?'),
        ('[sensors.d]\nkind = "disk"\npath = "/no/such/disk"\n', "there is no '/no/such/disk'"),
        ('[actuators.fan]\nkind = "relay"\n', "no kind of actuator"),
    ],
)
def test_mesh_up_refuses_them(tmp_path, text, words):
    home = make_home(tmp_path / "home")
    home.settings_file.write_text(text)
    code, out, err = asyncio.run(mesh("up", "--home", home.path, "-i", LOOPBACK, "--port", "0"))
    assert (code, out) == (SETUP, "")
    assert words in err


def test_other_commands_do_without_the_disk_that_is_gone(tmp_path):
    async def scenario():
        home = make_home(tmp_path / "home")
        disk = tmp_path / "disk"
        disk.mkdir()
        with home.settings_file.open("a") as file:
            file.write(f'[sensors.d]\nkind = "disk"\npath = "{disk}"\n')
        async with asyncio.timeout(LIMIT_S), running(home):
            disk.rmdir()
            code, _, err = await mesh("peers", "--home", home.path)
            assert code == 0, err
        code, _, err = await mesh("peers", "--home", home.path, "-i", LOOPBACK, "-t", "0.1")
        assert code == 0, err

    asyncio.run(scenario())
