from helpers import raises

from mesh.core.errors import LocalError
from mesh.core.limits import Limits
from mesh.core.peer_id import to_text
from mesh.core.policy.rules import Rule
from mesh.core.policy.settings import parse
from mesh.core.resources.sharing import shareable

ANN, BEN = bytes(range(32)), bytes(range(100, 132))
NAMES = {"ann": to_text(ANN), "ben": to_text(BEN)}
WORKING = {"names": NAMES, "sensors": {"temp": {}}, "actuators": {"fan": {"kind": "switch"}}}


def settings(**more):
    result = dict(WORKING)
    result.update(more)
    return result


def complaint(**more):
    """What parse says of WORKING with some settings more, and its help."""
    error = raises(LocalError, parse, settings(**more), "board", shareable())
    return error.detail, error.help


def test_an_empty_file_is_a_valid_peer():
    profile = parse({})
    assert (profile.kind, profile.name, profile.port, profile.console) == (
        "board",
        "",
        5683,
        "text",
    )
    assert profile.introduced_by is None
    assert profile.layers == ["dns-sd", "query", "group"], profile.layers
    assert (profile.sensors, profile.actuators, profile.share, profile.limits) == ({}, {}, {}, {})
    assert (profile.follow, profile.rules, profile.peers, profile.wifi) == ([], [], [], [])
    assert (profile.interface, profile.machine_clock) == ("", False)
    assert parse({}, "desktop").machine_clock is True


def test_everything_at_once():
    profile = parse(
        {
            "name": "greenhouse",
            "port": 0,
            "introduced_by": "ann",
            "names": NAMES,
            "sensors": {"temp": {"kind": "ds18x20", "every_s": 2.5, "share": ["ben"], "pin": 4}},
            "actuators": {"fan": {"kind": "switch", "allow": ["ben", NAMES["ann"]], "pin": 5}},
            "follow": ["ben", NAMES["ann"]],
            "peers": [{"id": "ben", "address": "192.0.2.7"}, {"address": "[fe80::1%wlan0]:99"}],
            "share": {"/feeds": "nobody", "/peer": "all"},
            "limits": {"tail": 512},
            "discovery": {"layers": ["group"], "interface": "127.0.0.1"},
            "wifi": [{"ssid": "attic", "password": "secret"}],
            "clock": {"unix": True},
            "console": "json",
        },
        "board",
        shareable(),
    )
    assert (profile.name, profile.port, profile.introduced_by) == ("greenhouse", 0, ANN)
    assert profile.sensors["temp"] == ("ds18x20", 2500, {"pin": 4}), profile.sensors
    assert profile.actuators["fan"] == ("switch", {"pin": 5}), profile.actuators
    assert profile.allow == {"fan": [BEN, ANN]}, profile.allow
    assert profile.follow == [BEN, ANN], profile.follow
    assert profile.peers == [(BEN, ("192.0.2.7", 5683)), (None, ("fe80::1%wlan0", 99))]
    assert profile.share == {"/feeds": "nobody", "/peer": "all", "/sensors/temp": [BEN]}
    assert Limits(**profile.limits).tail == 512
    assert (profile.layers, profile.interface) == (["group"], "127.0.0.1")
    assert profile.wifi == [{"ssid": "attic", "password": "secret"}]
    assert profile.machine_clock is True and profile.console == "json"


def test_a_sensor_is_of_the_kind_that_it_is_called():
    profile = parse({"sensors": {"load": {}}, "actuators": {"led": {}}})
    assert profile.sensors["load"] == ("load", 60_000, {}), profile.sensors
    assert profile.actuators["led"] == ("led", {}), profile.actuators
    assert profile.allow == {}, "who introduced it is asked for elsewhere"


def test_the_mapping_is_not_changed():
    mapping = {"sensors": {"t": {"kind": "load", "every_s": 1, "share": "nobody"}}}
    parse(mapping)
    assert mapping == {"sensors": {"t": {"kind": "load", "every_s": 1, "share": "nobody"}}}


def test_rules():
    rule = {
        "when": "ann/soil",
        "below": 20,
        "hysteresis": 5,
        "set": "fan",
        "to": True,
        "else": False,
    }
    assert parse(settings(rules=[rule])).rules == [
        Rule(ANN, "soil", "below", 20, 5, "fan", True, False)
    ]
    rule = {"when": "self/temp", "equals": "hot", "set": "fan", "to": 3}
    assert parse(settings(rules=[rule])).rules == [
        Rule(None, "temp", "equals", "hot", 0, "fan", 3, None)
    ]


def test_everyone_met_can_be_followed():
    assert parse({"follow": "*"}).follow == ["*"]


def test_updates_are_taken_of_the_introducer_if_nothing_is_said():
    ann, bob = to_text(bytes(range(32))), to_text(bytes(range(1, 33)))
    assert parse({}).updates == []
    assert parse({"introduced_by": ann}).updates == [bytes(range(32))]
    assert parse({"introduced_by": ann, "updates": []}).updates == []
    named = parse({"introduced_by": ann, "names": {"bob": bob}, "updates": ["bob"]})
    assert named.updates == [bytes(range(1, 33))]
    assert "updates" in complaint(updates=["carol"])[0]


def test_an_unknown_key_is_named_with_the_near_miss():
    detail, help = complaint(sensor={})
    assert detail.startswith("settings: 'sensor' is not one of actuators, board,"), detail
    assert help == 'did you mean "sensors"?', help
    detail, help = complaint(discovery={"layer": []})
    assert detail == "discovery: 'layer' is not one of interface, layers", detail
    assert help == 'did you mean "layers"?', help
    assert complaint(zebra=1)[1] is None


def test_what_the_near_miss_is():
    for wrong, meant in (
        ("prot", "port"),
        ("follows", "follow"),
        ("introducedby", "introduced_by"),
        ("wif", "wifi"),
        ("disco", "discovery"),
        ("x" * 5000, None),
        ("", None),
    ):
        help = raises(LocalError, parse, {wrong: 1}).help
        assert help == (meant and f'did you mean "{meant}"?'), (wrong, help)


def test_each_complaint_names_path_value_and_what_is_allowed():
    number = "a number (0.1 to 86400)"
    for more, wanted in (
        ({"port": 70000}, "port: 70000 is not a whole number (0 to 65535)"),
        ({"port": "x"}, "port: 'x' is not a whole number (0 to 65535)"),
        ({"port": 5.5}, "port: 5.5 is not a whole number (0 to 65535)"),
        ({"port": True}, "port: True is not a whole number (0 to 65535)"),
        ({"name": "n" * 33}, f"name: {'n' * 33!r} is not a text (0 to 32)"),
        ({"sensors": []}, "sensors: [] is not a table"),
        ({"sensors": {"temp": 5}}, "sensors.temp: 5 is not a table"),
        ({"sensors": {"temp": {"every_s": 0}}}, f"sensors.temp.every_s: 0 is not {number}"),
        ({"sensors": {"temp": {"every_s": "so"}}}, f"sensors.temp.every_s: 'so' is not {number}"),
        ({"follow": "ann"}, "follow: 'ann' is not a list"),
        ({"follow": [5]}, "follow[0]: 5 is not a text (0 to 63)"),
        ({"console": "xml"}, "console: 'xml' is not one of json, text"),
        ({"clock": {"unix": 1}}, "clock.unix: 1 is not true or false"),
        ({"limits": {"tail": 0}}, "limits.tail: 0 is not a whole number (1 to 131072)"),
        ({"limits": {"datagram": 65508}}, "limits.datagram: 65508 is not a whole number (64 to"),
        ({"limits": {"block_szx": 7}}, "limits.block_szx: 7 is not a whole number (0 to 6)"),
        ({"limits": {"taill": 7}}, "limits: 'taill' is not one of ack_spread_pct, "),
        ({"rules": {}}, "rules: {} is not a list"),
    ):
        assert complaint(**more)[0].startswith(wanted), complaint(**more)


def test_whoever_is_named_must_be_known():
    detail, help = complaint(follow=["an"])
    assert detail == "follow: 'an' is not a peer id (52 characters) or a name in names", detail
    assert help == 'did you mean "ann"?', help
    for more in (
        {"introduced_by": "eve"},
        {"names": {"x": "ann"}},
        {"sensors": {"temp": {"share": ["eve"]}}},
        {"actuators": {"fan": {"allow": ["eve"]}}},
        {"share": {"/peer": ["eve"]}},
        {"peers": [{"id": "eve", "address": "192.0.2.1"}]},
        {"rules": [{"when": "eve/x", "above": 1, "set": "fan", "to": 1}]},
    ):
        assert "is not a peer id" in complaint(**more)[0], more


def test_a_slip_in_a_share_makes_nothing_public():
    detail, help = complaint(share={"/sensors/tmep": "nobody"})
    assert detail.startswith("share./sensors/tmep: '/sensors/tmep' is not one of /actuators"), (
        detail
    )
    assert help == 'did you mean "/sensors/temp"?', help
    assert complaint(share={"/sensors/temp": "nobdy"})[0].endswith("is not a list")
    assert "is not a list" in complaint(sensors={"t": {"share": None}, "u": {"share": 5}})[0]


def test_rules_say_when_what_and_of_whom():
    good = {"when": "self/temp", "above": 30, "set": "fan", "to": True}
    for change, wanted in (
        ({"when": "temp"}, "rules[0]: "),
        ({"below": 3}, "rules[0]: "),
        ({"when": "self/temq"}, "rules[0].when: 'temq' is not one of temp"),
        ({"set": "fam"}, "rules[0].set: 'fam' is not one of fan"),
        ({"above": "30"}, "rules[0].above: '30' is not a number"),
        ({"to": [1]}, "rules[0].to: [1] is not a number, a text, true or false"),
        ({"hysteresis": -1}, "rules[0].hysteresis: -1 is not a number (0"),
    ):
        rule = dict(good)
        rule.update(change)
        assert complaint(rules=[rule])[0].startswith(wanted), complaint(rules=[rule])
    for missing in good:
        rule = {key: good[key] for key in good if key != missing}
        assert complaint(rules=[rule])[0].startswith("rules[0]"), missing


def test_names_fit_into_a_path_and_a_reading():
    for wrong in ("", "a/b", "-a", "a b", "\u00e9", "a" * 33, "."):
        assert "is not a name" in complaint(sensors={wrong: {}})[0], wrong
        assert "is not a name" in complaint(actuators={wrong: {}})[0], wrong
    assert parse({"sensors": {"Roof-1_a.b": {}}}).sensors


def test_addresses_are_of_ip():
    for wrong in (
        "",
        "kitchen",
        "kitchen.local:5683",
        "192.0.2.1:0",
        "192.0.2.1:x",
        "fe80::1",
        "5",
    ):
        detail = complaint(peers=[{"address": wrong}])[0]
        assert "is not an IP address" in detail, (wrong, detail)
    assert "is not an IP address" in complaint(peers=[{"id": "ann"}])[0]


def test_a_password_is_never_shown():
    for wifi in (
        {"password": "secret"},
        [{"ssid": "attic", "password": ["secret"]}],
        [{"ssid": "attic", "password": "secret" * 20}],
        ["secret"],
    ):
        detail = complaint(wifi=wifi)[0]
        assert "secret" not in detail and detail.startswith("wifi"), detail


def test_no_settings_at_all():
    for wrong in (None, [], "x", 5):
        assert raises(LocalError, parse, wrong).detail.startswith("settings: "), wrong
