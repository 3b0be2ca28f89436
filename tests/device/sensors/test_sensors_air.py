"""BME280, SHT3x and DHT22, by their data sheets' own examples and with their faults."""

from fakes.bench import Bench
from fakes.chips import Bme280, Dht22, Sht3x

from mesh.device.sensors import bme280, scaled, sht3x

ROOM = {"room": {"kind": "bme280", "sda": 4, "scl": 5}}
EXAMPLE = {"room.temperature": "25.08", "room.pressure": 100653}


def test_the_example_of_the_data_sheet():
    """BST-BMP280-DS001 s.3.12: t_fine 128422, 25.08 degrees, 100653.27 Pa."""
    fine = bme280.warmth(519888, list(Bme280.T))
    assert fine == 128422
    assert (fine * 5 + 128) >> 8 == 2508
    assert bme280.pressure(415148, fine, list(Bme280.P)) // 256 == 100653


def test_a_bme280_gives_three_readings_by_one_measurement():
    with Bench() as bench:
        chip = bench.i2c[0x76] = Bme280()
        bench.plug(sensors=ROOM)
        assert bench.units == {
            "room.temperature": "Cel", "room.humidity": "%RH", "room.pressure": "Pa",
        }  # fmt: skip
        assert bench.run(10) == {}, "it takes 9.3 ms"
        found = bench.run(1)
        assert {name: found[name] for name in EXAMPLE} == EXAMPLE
        assert bench.opened.count(("I2C", 0, 100_000, [("scl", 5), ("sda", 4)])) == 1
        chip.t, chip.h = 500000, 31000
        assert bench.run(59_980) == {}
        assert bench.run(20)["room.temperature"] == "18.85"


def humid(adc, fine):
    """BST-BME280-DS002 s.8.1 has the formula in floats too: another way to the same values."""
    h1, h2, h3, h4, h5, h6 = Bme280.H
    x = fine - 76800.0
    bend = 1.0 + h6 / 67108864.0 * x * (1.0 + h3 / 67108864.0 * x)
    x = (adc - (h4 * 64.0 + h5 / 16384.0 * x)) * (h2 / 65536.0 * bend)
    return min(max(x * (1.0 - h1 * x / 524288.0), 0.0), 100.0)


def test_humidity_is_what_the_other_formula_of_the_data_sheet_gives():
    for fine in (0, 76_800, 128_422, 300_000):
        for adc in (20_000, 26_000, 30_000, 33_000):
            found = bme280.humidity(adc, fine, list(Bme280.H)) / 1024
            assert abs(found - humid(adc, fine)) < 0.02, (fine, adc, found)
    with Bench() as bench:
        bench.i2c[0x76] = Bme280(h=30_000)
        bench.plug(sensors=ROOM)
        found = float(bench.run(11)["room.humidity"])
        assert 20 < found < 80
        assert abs(found - humid(30_000, 128_422)) < 0.02


def test_humidity_stays_between_none_and_all():
    h = list(Bme280.H)
    assert bme280.humidity(0, 128_422, h) == 0
    assert bme280.humidity(65535, 128_422, h) == 100 * 1024


def test_readings_can_be_chosen():
    with Bench() as bench:
        bench.i2c[0x76] = Bme280()
        bench.plug(sensors={"room": {"kind": "bme280", "of": ["temperature"]}})
        assert bench.run(11) == {"room.temperature": "25.08"}


def test_a_bmp280_is_told_apart_and_has_no_humidity():
    with Bench() as bench:
        bench.i2c[0x76] = Bme280(0x58)
        bench.plug(sensors=ROOM)
        assert bench.run(11) == EXAMPLE
        assert bench.errors == {"room.humidity": "this chip does not measure that"}


def test_another_chip_at_its_address_is_named():
    with Bench() as bench:
        bench.i2c[0x76] = Bme280(0x61)
        bench.plug(sensors=ROOM)
        bench.run(10)
        wanted = "the chip at 0x76 is no BME280: its id is 0x61"
        assert bench.errors["room.humidity"] == wanted


def test_a_chip_at_the_other_address_is_found():
    with Bench() as bench:
        bench.i2c[0x77] = Bme280()
        bench.plug(sensors=ROOM)
        bench.run(10)
        assert bench.errors["room.pressure"] == (
            "no answer at address 0x76, but one at 0x77: set address"
        )
        bench.plug(sensors={"room": {"kind": "bme280", "address": "0x77"}})
        assert bench.run(11)["room.pressure"] == 100653


def test_a_chip_that_is_pulled_off_comes_back_by_itself():
    with Bench() as bench:
        chip = bench.i2c[0x76] = Bme280()
        bench.plug(sensors=ROOM)
        bench.run(10)
        del bench.i2c[0x76]
        assert bench.run(60_000) == {}
        reason = "no answer at address 0x76: is it wired to SDA and SCL of this bus?"
        assert bench.errors["room.temperature"] == reason
        chip.switch_on()
        bench.i2c[0x76] = chip
        assert bench.run(10_010)["room.temperature"] == "25.08", "tried again within 10 s"
        told = [(what, fields["reason"]) for what, fields in bench.lines]
        assert told == [("failing", reason), ("works", "")]


def test_a_chip_that_lost_power_amid_a_measurement_gives_no_old_value():
    with Bench() as bench:
        chip = bench.i2c[0x76] = Bme280()
        bench.plug(sensors=ROOM)
        bench.run(5)
        chip.switch_on()
        assert bench.run(100) == {}
        assert bench.errors["room.pressure"] == "it did not measure: it was without power"
        assert bench.run(10_000)["room.pressure"] == 100653


def test_a_chip_that_takes_too_long_gives_no_old_value():
    with Bench() as bench:
        chip = bench.i2c[0x76] = Bme280()
        bench.plug(sensors=ROOM)
        bench.run(5)
        chip.ready_ms += 100
        assert bench.run(100) == {}
        assert bench.errors["room.pressure"] == "it does not finish measuring"


def test_another_chip_brings_its_own_trimming():
    with Bench() as bench:
        bench.i2c[0x76] = Bme280()
        bench.plug(sensors=ROOM)
        bench.run(11)
        del bench.i2c[0x76]
        bench.run(60_000)
        other = bench.i2c[0x76] = Bme280()
        other.registers[0x88:0x8A] = (27404).to_bytes(2, "little")
        warm = (bme280.warmth(519888, [27404, 26435, -1000]) * 5 + 128) >> 8
        assert warm != 2508
        assert bench.run(10_100)["room.temperature"] == str(scaled(warm, 2))


def test_trimming_that_is_nonsense_is_no_reading():
    with Bench() as bench:
        chip = bench.i2c[0x76] = Bme280()
        chip.registers[0x88:0xA2] = bytes(26)
        bench.plug(sensors=ROOM)
        bench.run(10)
        assert "trimming" in bench.errors["room.pressure"]


def test_the_check_sum_of_the_data_sheet():
    assert sht3x.crc(b"\xbe\xef") == 0x92 == Sht3x.crc(b"\xbe\xef")


def test_an_sht3x_is_read_when_it_has_measured():
    """SHT3x-DIS s.4.13: -45 + 175 * 0x6666 / 65535 = 25.00, 100 * 0x8000 / 65535 = 50.00."""
    with Bench() as bench:
        chip = bench.i2c[0x44] = Sht3x()
        bench.plug(sensors={"air": {"kind": "sht3x", "every_s": 5}})
        assert bench.run(16) == {}
        assert bench.run(1) == {"air.temperature": 25, "air.humidity": 50}
        for t, h, warm, humid in (
            (1873, 0, -40, 0),
            (63660, 65535, "124.99", 100),
            (16851, 1, 0, 0),
        ):
            chip.t, chip.h = t, h
            assert bench.run(5000) == {"air.temperature": warm, "air.humidity": humid}


def test_every_flipped_bit_of_an_sht3x_is_noticed():
    with Bench() as bench:
        chip = bench.i2c[0x44] = Sht3x()
        bench.plug(sensors={"air": {"kind": "sht3x", "every_s": 5}})
        for bit in range(48):
            chip.flip = bit
            assert bench.run(5100) == {}, bit
            assert bench.errors["air.humidity"].startswith("checksum wrong")


def test_a_dht22_is_asked_twice_as_it_gives_what_was():
    """AM2302: 65.2 %, 35.1 degrees; and its example of 10.1 degrees below zero."""
    with Bench() as bench:
        chip = bench.dht[15] = Dht22()
        bench.plug(sensors={"air": {"kind": "dht22", "pin": 15, "every_s": 10}})
        assert bench.run(2000) == {}
        assert bench.run(1) == {"air.temperature": "35.1", "air.humidity": "65.2"}
        chip.data = b"\x03\xe8\x80\x65"
        assert bench.run(10_000) == {"air.temperature": "-10.1", "air.humidity": 100}
        for bit in range(40):
            chip.flip = bit
            assert bench.run(10_000) == {}
            assert bench.errors["air.humidity"].startswith("checksum wrong")


def test_a_dht22_is_not_hurried():
    with Bench() as bench:
        bench.dht[15] = Dht22()
        bench.plug(sensors={"air": {"kind": "dht22", "pin": 15, "every_s": 0.1, "samples": 3}})
        bench.run(60_000)
        assert len(bench.readings) == 2 * 5
        assert bench.errors == {}


def test_a_dht11_is_not_taken_for_a_dht22():
    with Bench() as bench:
        bench.dht[15] = Dht22(b"\x2d\x00\x17\x00")
        bench.plug(sensors={"air": {"kind": "dht22", "pin": 15}})
        bench.run(2001)
        assert bench.errors["air.humidity"].endswith("cannot be: is it a DHT22?")


def test_nothing_on_the_pin():
    with Bench() as bench:
        bench.plug(sensors={"air": {"kind": "dht22", "pin": 15}, "none": {"kind": "dht22"}})
        bench.run(100)
        assert bench.errors["air.humidity"].startswith("no answer on pin 15: is it wired")
        assert bench.errors["none.humidity"] == "which pin?"
