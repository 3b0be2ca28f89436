"""What chips do that their data sheets do not say: docs/hardware.md has the sources."""

from fakes.bench import Bench
from fakes.chips import Bh1750, Bme280, Dht22, Ds18b20, Sht3x

AIR = {"air": {"kind": "dht22", "pin": 15, "every_s": 5}}
ROOM = {"room": {"kind": "bme280", "every_s": 5}}


def frame(humid, warm):
    return humid.to_bytes(2, "big") + warm.to_bytes(2, "big")


def dht(data):
    """What is read of a DHT22 that gives these 4 bytes, and why not."""
    with Bench() as bench:
        bench.dht[15] = Dht22(data)
        bench.dht[15].held = data
        bench.plug(sensors=AIR)
        return bench.run(2100), bench.errors.get("air.temperature", "")


def test_a_dht22_that_says_zeros():
    assert dht(bytes(4)) == ({}, "it says nothing but zeros: does it have power?")
    assert dht(frame(0, 215))[0] == {"air.humidity": 0, "air.temperature": "21.5"}
    assert dht(frame(430, 0))[0] == {"air.humidity": 43, "air.temperature": 0}


def test_a_dht22_below_zero_in_both_ways_of_writing():
    for raw, warm in (
        (0x8001, "-0.1"), (0xFFFF, "-0.1"), (0x8000, 0), (0x8065, "-10.1"), (0xFF9B, "-10.1"),
        (0xFFE9, "-2.3"), (0xFF4C, -18), (0x8190, -40), (0xFE70, -40), (800, 80),
    ):  # fmt: skip
        found, why = dht(frame(500, raw))
        assert found.get("air.temperature") == warm, (hex(raw), found, why)


def test_a_dht22_that_says_what_it_cannot_measure():
    for raw in (0x8191, 0x8258, 0xFE6F, 801, 1024, 0x7FFF, 0xC000):
        found, why = dht(frame(500, raw))
        assert found == {}, (hex(raw), found)
        assert "is it a DHT22?" in why, (hex(raw), why)
    assert dht(frame(1001, 200))[0] == {}
    assert dht(bytes((40, 0, 25, 0)))[0] == {}, "a DHT11"


def probe(chip, **options):
    with Bench() as bench:
        bench.wires[22] = [chip]
        bench.plug(sensors={"water": {"kind": "ds18b20", "pin": 22} | options})
        return bench.run(800).get("water"), bench.errors.get("water", "")


def test_a_ds18b20_whose_supply_breaks_down():
    for options in ({}, {"rom": Ds18b20().rom.hex()}):
        assert probe(Ds18b20(0x07FF), **options) == (
            None,
            "its supply broke down while it measured: is the wire too long?",
        )


def test_a_ds18b20_that_says_what_it_cannot_measure():
    for raw in (0x07D1, 0x07F0, 0x7FFF, 0x8000, 0xFC80, 0x0800):
        found, why = probe(Ds18b20(raw))
        assert found is None, (hex(raw), found)
        assert why.endswith("and can measure -55 to 125"), why


class Halves(Ds18b20):
    """A DS18S20: half degrees in 9 bits, and how far it counted to the next degree."""

    def __init__(self, raw, remaining=12, per_degree=16):
        self.remaining, self.per_degree = remaining, per_degree
        super().__init__(raw, family=0x10)
        self.config = 0xFF

    def switch_on(self):
        super().switch_on()
        self.held = 0x00AA

    def take(self, ms, byte):
        before = len(self.answer)
        super().take(ms, byte)
        if len(self.answer) > before:
            self.answer = self.told()

    def told(self):
        from fakes.bench import crc8  # noqa: PLC0415

        measured = self.held == self.raw
        counts = (self.remaining, self.per_degree) if measured else (12, 16)
        data = self.held.to_bytes(2, "little") + b"KF\xff\xff" + bytes(counts)
        return bytearray(data + bytes([crc8(data)]))


def test_a_ds18s20_is_read_as_what_it_is():
    """DS18S20, "Operation: Measuring Temperature": whole degrees - 0.25 + counted / per degree."""
    for raw, remaining, warm in (
        (0x0032, 12, 25), (0x0032, 4, "25.5"), (0x0001, 12, 0), (0x0000, 12, 0),
        (0xFFFF, 12, -1), (0xFFCE, 12, -25), (0xFF92, 12, -55), (0x00FA, 12, 125),
    ):  # fmt: skip
        for options in ({}, {"rom": Halves(raw).rom.hex()}):
            assert probe(Halves(raw, remaining), **options) == (warm, ""), hex(raw)
    assert probe(Halves(0x0033, 0, 0)) == ("25.5", ""), "a copy that does not count"


def test_a_ds18s20_that_did_not_measure():
    chip = Halves(0x0032)
    chip.deaf = True
    assert probe(chip)[1].startswith("still 85 Cel")


def test_a_rom_of_another_kind_of_chip():
    chip = Ds18b20(family=0x26)
    found, why = probe(chip, rom=chip.rom.hex())
    assert (found, why) == (None, "rom is of another kind of chip: 0x26, a DS18B20 has 0x28")


def room(chip):
    with Bench() as bench:
        bench.i2c[0x76] = chip
        bench.plug(sensors=ROOM)
        return bench.run(20), bench.errors


def test_a_bme280_at_the_ends_of_its_registers():
    for t, p in ((0, 415148), (0xFFFFF, 415148), (519888, 0xFFFFF), (519888, 0), (1, 1)):
        chip = Bme280()
        chip.t, chip.p = t, p
        found, errors = room(chip)
        assert found == {}, (t, p, found)
        assert set(errors) == {"room.temperature", "room.pressure", "room.humidity"}, (t, p)


def test_a_bme280_whose_humidity_was_left_out():
    chip = Bme280()
    chip.h = 0x8000
    found, errors = room(chip)
    assert found == {}
    assert errors["room.humidity"].startswith("it did not measure")


def test_a_bmp280_by_whatever_name():
    for kind in (0x56, 0x57, 0x58):
        found, errors = room(Bme280(kind))
        assert set(found) == {"room.temperature", "room.pressure"}
        assert errors == {"room.humidity": "this chip does not measure that"}
    chip = Bme280()
    chip.registers[0xE1:0xE8] = bytes(7)
    found, errors = room(chip)
    assert set(found) == {"room.temperature", "room.pressure"}
    assert errors == {"room.humidity": "this chip does not measure that"}


def test_an_sht3x_of_zeros_and_of_ones():
    for t, h in ((0, 0x8000), (0xFFFF, 0x8000), (0xFFFF, 0xFFFF), (0, 0), (1000, 0)):
        with Bench() as bench:
            bench.i2c[0x44] = Sht3x(t, h)
            bench.plug(sensors={"air": {"kind": "sht3x"}})
            assert bench.run(20) == {}, (t, h)
            assert "can measure -40 to 125" in bench.errors["air.temperature"]


def test_light_without_end():
    with Bench() as bench:
        bench.i2c[0x23] = Bh1750(65535)
        bench.plug(sensors={"sun": {"kind": "bh1750"}})
        assert bench.run(200) == {}
        assert bench.errors["sun"].startswith("brighter than")


def test_a_battery_that_has_more_volts_than_can_be_measured():
    with Bench() as bench:
        bench.raw[26] = 65535
        bench.plug(sensors={"power": {"kind": "battery", "pin": 26, "divider": 2}})
        assert bench.run(20) == {}
        assert bench.errors["power.voltage"].startswith("the pin is at its most")
        bench.raw[26] = 40000
        assert "power.voltage" in bench.run(10_100)
