"""This computer's own sensors: real readings, and made-up ones for what this machine lacks."""

from collections import namedtuple

import psutil
import pytest

from mesh.core.codec import cbor, senml, senml_reading
from mesh.core.errors import LocalError
from mesh.core.policy.section_table import Sensor
from mesh.hub.own import sensors

# The units that are used, with what RFC 8428 s.12.1 and RFC 8798 s.2 register them for.
HOLDERS = {"command", "file"}  # whose unit is what settings say
REGISTERED = {"/", "B", "Cel", "%EL", "s"}
Place = namedtuple("Place", "label current high critical")
Battery = namedtuple("Battery", "percent secsleft power_plugged")


def reader(kind, **options):
    return sensors.make(Sensor(kind, 1000, options))


def value(kind, **options):
    return float(reader(kind, **options).read())


@pytest.mark.parametrize("kind", sorted(set(sensors.KINDS) - HOLDERS))
def test_units_are_registered(kind):
    assert reader(kind).UNIT in REGISTERED


@pytest.mark.parametrize("kind", ["load", "cpu", "memory", "disk"])
def test_shares_are_ratios(kind):
    assert 0 <= value(kind) <= (1 if kind != "load" else 1000)


@pytest.mark.parametrize("kind", ["memory-free", "received", "sent", "uptime"])
def test_amounts_are_whole_numbers(kind):
    amount = reader(kind).read()
    assert isinstance(amount, int)
    assert amount >= 0


@pytest.mark.parametrize("kind", ["load", "cpu", "memory", "disk", "memory-free", "uptime"])
def test_what_is_read_can_be_sent(kind):
    sensor = reader(kind)
    record = senml.Record(kind, sensor.UNIT, sensor.read(), None)
    assert senml_reading.unpack(cbor.decode(cbor.encode(senml.pack([record])))) == [record]


def test_the_hottest_place_or_the_one_asked_for(monkeypatch):
    chips = {
        "cpu": [Place("one", 41.25, None, None), Place("two", 55.04, None, None)],
        "disk": [Place("", 30.0, None, None)],
    }
    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: chips, raising=False)
    assert value("temperature") == 55.0
    assert value("temperature", chip="disk") == 30.0
    assert value("temperature", chip="cpu", label="one") == pytest.approx(41.2, abs=0.06)
    with pytest.raises(LocalError) as caught:
        reader("temperature", chip="gpu").read()
    assert caught.value.help == "there are: cpu, disk"


def test_the_battery(monkeypatch):
    monkeypatch.setattr(
        psutil, "sensors_battery", lambda: Battery(81.5, 3600, False), raising=False
    )
    assert value("battery") == 81.5


@pytest.mark.parametrize("kind", ["temperature", "battery"])
def test_what_this_computer_lacks_says_so_at_each_reading(kind, monkeypatch):
    monkeypatch.setattr(psutil, "sensors_temperatures", dict, raising=False)
    monkeypatch.setattr(psutil, "sensors_battery", lambda: None, raising=False)
    absent = reader(kind)
    assert absent.UNIT == sensors.KINDS[kind].UNIT
    with pytest.raises(LocalError):
        absent.read()


def test_one_interface():
    assert value("received", interface="lo") >= 0
    with pytest.raises(LocalError, match=r"no interface"):
        reader("received", interface="nowhere0").read()


def test_an_unknown_path():
    with pytest.raises(LocalError, match="/nowhere"):
        reader("disk", path="/nowhere").read()


def test_an_unknown_kind_and_its_near_miss():
    with pytest.raises(LocalError, match="no kind of sensor 'memry'") as caught:
        reader("memry")
    assert caught.value.help == "did you mean 'memory'?"


def test_a_desktop_without_settings_has_what_can_be_read():
    found = sensors.default_set()
    assert {"load", "cpu", "memory", "disk"} <= set(found)
    for sensor in found.values():
        sensors.make(sensor).read()


def places(*values):
    return {"nvme": [Place("", value, None, None) for value in values]}


@pytest.mark.parametrize("absent", [127.0, -128.0, -273.15, 65261.85, 0.0, 255.0, float("nan")])
def test_places_without_a_thermometer_are_left_out(absent, monkeypatch):
    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: places(41.5, absent))
    assert value("temperature") == 41.5
    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: places(absent))
    with pytest.raises(LocalError, match="it gives no temperature, but"):
        reader("temperature").read()


@pytest.mark.parametrize(
    ("kind", "function", "broken"),
    [
        ("battery", "sensors_battery", Battery(255, 0, None)),
        ("battery", "sensors_battery", Battery(-1, 0, None)),
        ("memory", "virtual_memory", namedtuple("M", "percent available")(140.0, -1)),
        ("memory-free", "virtual_memory", namedtuple("M", "percent available")(140.0, -1)),
        ("disk", "disk_usage", namedtuple("D", "percent")(-3.0)),
        ("load", "getloadavg", (-1.0, 0, 0)),
        ("uptime", "boot_time", 9e12),
    ],
)
def test_an_impossible_value_fails_with_a_reason(kind, function, broken, monkeypatch):
    monkeypatch.setattr(psutil, function, lambda *_: broken)
    with pytest.raises(LocalError, match="it says"):
        reader(kind).read()
