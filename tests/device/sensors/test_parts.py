"""Sensors that read this machine, and actuators that can be seen."""

import os
from pathlib import Path

import pytest

KINDS = ["disk", "heap", "load", "memory", "network", "uptime"]
READ = """
from mesh.device.sensors import KIND
sensor = KIND.Sensor({})
print(json.dumps([KIND.UNIT, float(sensor.read()), float(sensor.read())]))
"""


def proc(path, first=""):
    """The first number after a word in a file of /proc."""
    line = next(
        x.strip() for x in Path(path).read_text().splitlines() if x.strip().startswith(first)
    )
    return float(line[len(first) :].split()[0])


@pytest.mark.parametrize(
    ("kind", "unit", "real", "off"),
    [
        ("load", "count", lambda: proc("/proc/loadavg"), 64),
        ("memory", "B", lambda: proc("/proc/meminfo", "MemAvailable:") * 1024, 4 << 30),
        ("uptime", "s", lambda: proc("/proc/uptime"), 60),
        ("disk", "B", lambda: os.statvfs(".").f_bavail * os.statvfs(".").f_frsize, 4 << 30),
    ],
)
def test_a_sensor_reads_this_machine(there, kind, unit, real, off):
    ((read_unit, first, second),) = there(READ.replace("KIND", kind))
    assert read_unit == unit
    assert abs(first - real()) <= off
    assert abs(second - real()) <= off


def test_traffic_of_an_interface_is_counted(there):
    ((unit, first, second),) = there(READ.replace("KIND", "network"))
    assert unit == "B"
    assert 0 <= first <= second


def test_the_heap_is_the_boards_own(there):
    ((unit, first, _),) = there(READ.replace("KIND", "heap"))
    assert unit == "B"
    assert 0 < first < 1 << 30


def test_the_temperature_is_read_from_the_kernel_or_is_missing_with_a_reason(there, tmp_path):
    code = """
from mesh.device.sensors import temperature
try:
    print(json.dumps(temperature.Sensor(OPTIONS).read()))
except (OSError, ValueError) as error:
    print(json.dumps(str(error)))
"""
    (tmp_path / "temp").write_text("48250\n")
    options = repr({"path": str(tmp_path / "temp")})
    assert there(code.replace("OPTIONS", options)) == [48.25]
    (found,) = there(code.replace("OPTIONS", "{}"))
    assert found == "this machine has no thermometer" or -50 < found < 150


def test_a_board_tells_what_it_measures(board):
    with board(sensors={kind: {"every_s": 0.5} for kind in KINDS}) as one:
        for kind in KINDS:
            assert isinstance(one.wait("measured", sensor=kind)["value"], (int, float))


def test_a_failing_sensor_stops_nobody(board, tmp_path):
    path = tmp_path / "zone"
    sensors = {
        "warm": {"kind": "temperature", "path": str(path), "every_s": 0.2},
        "load": {"every_s": 0.2},
    }
    with board(sensors=sensors) as one:
        assert "ENOENT" in one.wait("failing", sensor="warm")["reason"]
        before = len(one.events("measured"))
        one.wait_line(lambda _: len(one.events("measured")) > before + 2)
        path.write_text("21500\n")
        assert one.wait("measured", sensor="warm")["value"] == 21.5
        one.wait("works", sensor="warm")
        assert len(one.events("failing")) == 1


def test_an_actuator_is_off_at_the_start_and_can_be_seen(board):
    with board(actuators={"led": {}, "fan": {"kind": "switch"}}) as one:
        one.wait("joined")
        assert (one.folder / "led.state").read_text() == "false\n"
        assert (one.folder / "fan.state").read_text() == "false\n"
