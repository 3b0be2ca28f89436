"""Samples, averages, failures, and actuators that switch themselves off: no board is held up."""

import sys

from fakes.bench import Bench, told
from fakes.chips import Bh1750, Sht3x

from mesh.core.codec.cbor import Decimal
from mesh.core.errors import LocalError
from mesh.device.averaging import average


def texts(values):
    return [told(value) for value in values]


def test_averages_are_exact():
    pressures = [100_653, 100_654, 100_658]
    assert average(pressures, "mean") == 100_655
    assert average(pressures, "median") == 100_654
    assert average(pressures, "last") == 100_658
    mixed = [Decimal(2508, -2), 25, Decimal(251, -1)]
    assert texts([average(mixed, "mean"), average(mixed, "median")]) == ["25.06", "25.08"]
    assert told(average([Decimal(-5, -1), Decimal(-2, -1)], "median")) == "-0.35"
    assert told(average([1, 2, 3, 4], "median")) == "2.5"
    assert average([7], "mean") == 7
    most = (1 << 30) - 1
    assert average([most] * 64, "mean") == most


def test_what_is_no_number_has_no_mean():
    assert average([True, False], "mean") is False
    assert average(["a", "b"], "median") == "b"
    assert average([1, "b", 2], "mean") == 2
    assert average([True, 3], "mean") == 3


def test_samples_are_taken_with_pauses_and_one_reading_comes_of_them():
    with Bench() as bench:
        chip = bench.i2c[0x23] = Bh1750(12)
        options = {"kind": "bh1750", "every_s": 10, "samples": 3, "pause_ms": 500}
        bench.plug(sensors={"sun": options})
        bench.run(181)
        chip.raw = 120
        bench.run(681)
        chip.raw = 24
        assert bench.readings == []
        assert bench.run(681) == {"sun": "43.3"}
        assert bench.readings[0][0] == 1000 + 181 + 681 + 681
        assert bench.run(10_000) == {"sun": 20}, "every_s is counted from the first sample on"
        assert bench.readings[1][0] == 1000 + 10_000 + 181 + 681 + 681


def test_the_median_ignores_an_outlier():
    with Bench() as bench:
        chip = bench.i2c[0x23] = Bh1750(12)
        options = {"kind": "bh1750", "samples": 3, "average": "median"}
        bench.plug(sensors={"sun": options})
        bench.run(181)
        chip.raw = 60_000
        bench.run(181)
        chip.raw = 24
        assert bench.run(181) == {"sun": 20}


def test_a_failure_amid_samples_begins_anew():
    with Bench() as bench:
        chip = bench.i2c[0x44] = Sht3x()
        bench.plug(sensors={"air": {"kind": "sht3x", "samples": 4, "pause_ms": 100}})
        bench.run(150)
        chip.flip = 3
        bench.run(200)
        assert bench.readings == []
        assert bench.errors["air.humidity"].startswith("checksum")
        chip.flip, chip.t = None, 1873
        assert bench.run(10_500) == {"air.temperature": -40, "air.humidity": 50}


def test_one_that_fails_leaves_the_others_alone():
    with Bench() as bench:
        bench.i2c[0x23] = Bh1750(12)
        bench.plug(sensors={"a": {"kind": "sht3x"}, "b": {"kind": "bh1750"}})
        assert bench.run(200) == {"b": 10}
        assert sorted(bench.errors) == ["a.humidity", "a.temperature"]
        assert [fields["sensor"] for what, fields in bench.lines if what == "failing"] == ["a"]


def test_a_failure_is_told_once_however_often_it_is_tried():
    with Bench() as bench:
        bench.plug(sensors={"a": {"kind": "sht3x", "every_s": 1}})
        bench.run(60_000)
        assert len(bench.lines) == 1


def test_a_firmware_without_a_module_fails_one_sensor_only():
    with Bench() as bench:
        bench.i2c[0x23] = Bh1750(12)
        sys.modules["onewire"] = None
        bench.plug(sensors={"a": {"kind": "ds18b20", "pin": 2}, "b": {"kind": "bh1750"}})
        assert bench.run(200) == {"b": 10}
        assert bench.errors["a"]


def test_an_actuator_that_cannot_be_had_leaves_the_others_alone():
    with Bench() as bench:
        bench.plug(actuators={"a": {"kind": "relay", "pin": 99}, "b": {"kind": "relay", "pin": 1}})
        assert sorted(bench.actuators) == ["b"]
        assert bench.lines == [("failing", {"actuator": "a", "reason": "no such pin"})]


def test_a_relay_is_off_at_first_and_never_on_for_too_long():
    with Bench() as bench:
        bench.levels[16] = 1
        bench.plug(actuators={"pump": {"kind": "relay", "pin": 16, "max_on_s": 30}})
        assert bench.levels[16] == 0
        bench.actuators["pump"](True)
        for _ in range(28):
            bench.run(1000)
            bench.actuators["pump"](True)  # again and again: that makes it no longer
        assert bench.levels[16] == 1
        bench.run(3000)
        assert bench.levels[16] == 0
        assert [acted[1:] for acted in bench.acted] == [("pump", False)]
        assert bench.acted[0][0] <= 1000 + 31_000
        bench.actuators["pump"](True)
        bench.run(20_000)
        bench.actuators["pump"](False)
        bench.actuators["pump"](True)
        bench.run(20_000)
        assert bench.levels[16] == 1, "counted from when it went on"


def test_an_inverted_relay_is_off_when_high():
    with Bench() as bench:
        bench.plug(actuators={"pump": {"kind": "relay", "pin": 16, "inverted": True}})
        assert bench.levels[16] == 1
        bench.actuators["pump"](True)
        bench.run(100_000_000)
        assert (bench.levels[16], bench.acted) == (0, [])


def test_a_servo_turns():
    with Bench() as bench:
        bench.plug(actuators={"flap": {"kind": "servo", "pin": 17}})
        assert ("PWM", 17, 50) in bench.opened
        assert bench.pulses == [(17, 0)], "as it stands until it is told"
        for angle in (0, 90, 180, 45.5, Decimal(455, -1)):
            bench.actuators["flap"](angle)
        us = [ns // 1000 for _, ns in bench.pulses[1:]]
        assert us == [1000, 1500, 2000, 1253, 1253]
        for wish in (-1, 181, "90", True, Decimal(1801, -1)):
            try:
                bench.actuators["flap"](wish)
            except LocalError:
                continue
            raise AssertionError(wish)
        wide = {"kind": "servo", "pin": 17, "min_us": 500, "max_us": 2500, "start": 90}
        bench.plug(actuators={"flap": wide})
        assert bench.pulses[-1] == (17, 1_500_000)
        bench.actuators["flap"](0)
        assert bench.pulses[-1] == (17, 500_000)
