"""DS18B20, BH1750, soil, battery, PIR and button, by their data sheets and with their faults."""

from fakes.bench import Bench, crc8
from fakes.chips import Bh1750, Bme280, Ds18b20


def probe(**options):
    options.update({"kind": "ds18b20", "pin": 22, "every_s": 10})
    return {"water": options}


def test_the_check_sum_of_1_wire():
    """Maxim application note 27: the ROM 02 1C B8 01 00 00 00 has the check sum A2."""
    assert crc8(bytes.fromhex("021cb801000000")) == 0xA2


def test_the_table_of_the_data_sheet():
    """DS18B20, "Temperature/Data Relationship", all of its ten rows."""
    table = (
        (0x07D0, 125), (0x0550, 85), (0x0191, "25.0625"), (0x00A2, "10.125"), (0x0008, "0.5"),
        (0x0000, 0), (0xFFF8, "-0.5"), (0xFF5E, "-10.125"), (0xFE6F, "-25.0625"), (0xFC90, -55),
    )  # fmt: skip
    with Bench() as bench:
        chip = Ds18b20()
        bench.wires[22] = [chip]
        bench.plug(sensors=probe())
        assert bench.run(750) == {}, "12 bits take 750 ms"
        assert bench.run(1) == {"water": "25.0625"}
        for raw, warm in table:
            chip.raw = raw
            assert bench.run(10_000) == {"water": warm}


def test_85_degrees_are_believed_only_if_they_were_measured():
    with Bench() as bench:
        chip = Ds18b20()
        chip.deaf = True
        bench.wires[22] = [chip]
        bench.plug(sensors=probe())
        assert bench.run(1000) == {}
        assert bench.errors["water"].startswith("still 85 Cel")


def test_bits_that_mean_nothing_are_left_out():
    with Bench() as bench:
        chip = Ds18b20(0x0197)
        chip.config = 0x1F  # 9 bits
        bench.wires[22] = [chip]
        bench.plug(sensors=probe())
        assert bench.run(751) == {"water": 25}


def test_several_on_one_pin_are_told_apart_by_rom():
    with Bench() as bench:
        one, two = Ds18b20(0x0191, 1), Ds18b20(0x00A2, 2)
        bench.wires[22] = [one, two]
        both = {}
        for name, chip in (("one", one), ("two", two)):
            both[name] = {"kind": "ds18b20", "pin": 22, "rom": chip.rom.hex()}
        bench.plug(sensors=both)
        assert bench.run(751) == {"one": "25.0625", "two": "10.125"}
        assert bench.opened.count(("OneWire", 22)) == 1
        bench.plug(sensors=probe())
        bench.run(10)
        roms = one.rom.hex() + ", " + two.rom.hex()
        assert bench.errors["water"] == "several on pin 22: set rom to one of " + roms


def test_faults_of_a_1_wire_bus_have_reasons():
    with Bench() as bench:
        chip = Ds18b20()
        bench.plug(sensors=probe())
        bench.run(100)
        assert bench.errors["water"].startswith("no answer on pin 22: is it wired, with a resis")
        bench.shorted = (22,)
        bench.run(10_000)
        assert bench.errors["water"].startswith("its third leg has no power")
        bench.shorted = ()
        bench.wires[22] = [chip]
        chip.power = 0
        bench.run(10_000)
        assert bench.errors["water"].startswith("its third leg has no power")
        chip.power = 1
        assert bench.run(10_800) == {"water": "25.0625"}
        bench.shorted = (22,)
        assert bench.run(10_000) == {}
        assert bench.errors["water"] == "the pin is held low: a short circuit?"
        bench.shorted = ()
        bench.wires[22] = []
        assert bench.run(10_000) == {}
        assert bench.errors["water"].startswith("no answer on pin 22")
        bench.wires[22] = [chip]
        assert bench.run(11_000)["water"] == "25.0625"
        bench.wires[22] = [Ds18b20(serial=5)]
        assert bench.run(10_000)["water"] == "25.0625", "without rom, any will do"


def test_a_rom_that_nobody_has():
    with Bench() as bench:
        bench.wires[22] = [Ds18b20()]
        bench.plug(sensors=probe(rom="28ffffffffffffff"))
        bench.run(1000)
        assert bench.errors["water"] == "no answer: it is unplugged, or has another rom"


def test_another_family_is_named():
    with Bench() as bench:
        bench.wires[22] = [Ds18b20(family=0x26)]
        bench.plug(sensors=probe())
        bench.run(1000)
        assert bench.errors["water"].startswith("the chip on pin 22 is no DS18B20: 26")


def test_every_flipped_bit_of_a_ds18b20_is_noticed():
    with Bench() as bench:
        chip = Ds18b20()
        bench.wires[22] = [chip]
        bench.plug(sensors=probe())
        for bit in range(72):
            chip.flip = bit
            assert bench.run(10_000) == {}, bit
            assert bench.errors["water"].startswith("checksum wrong")


def test_light_by_the_example_of_the_data_sheet():
    """BH1750FVI, "I2C Bus Access": 1000 0011 1001 0000 is 28067 lx, rounded."""
    with Bench() as bench:
        chip = bench.i2c[0x23] = Bh1750()
        bench.plug(sensors={"sun": {"kind": "bh1750", "every_s": 5}})
        assert bench.run(180) == {}
        assert bench.run(1) == {"sun": "28066.7"}
        for raw, lux in ((0, 0), (1, "0.8"), (12, 10), (65534, "54611.7")):
            chip.raw = raw
            assert bench.run(5000) == {"sun": lux}
        chip.raw = 65535
        assert bench.run(5200) == {}
        assert bench.errors["sun"] == "brighter than the 54612 lx that it can measure"
        del bench.i2c[0x23]
        bench.run(5200)
        assert bench.errors["sun"].startswith("no answer at address 0x23: is it wired")
        bench.i2c[0x23] = Bh1750(12)
        assert bench.run(5200)["sun"] == 10


def test_chips_on_one_bus_open_it_once():
    with Bench() as bench:
        bench.i2c[0x23], bench.i2c[0x76], bench.i2c[0x77] = Bh1750(), Bme280(), Bme280()
        bench.plug(
            sensors={
                "a": {"kind": "bme280"},
                "b": {"kind": "bh1750", "sda": 0, "scl": 1, "freq": 400_000},
                "c": {"kind": "bme280", "address": 0x77, "sda": 0, "scl": 1},
                "d": {"kind": "bh1750", "sda": 2, "scl": 3},
                "e": {"kind": "bh1750", "bus": 1},
                "f": {"kind": "bh1750", "address": "0x80"},
            }
        )
        bench.run(200)
        buses = [entry for entry in bench.opened if entry[0] == "I2C"]
        assert buses == [("I2C", 0, 400_000, [("scl", 1), ("sda", 0)]), ("I2C", 1, 100_000, [])]
        assert sorted(bench.errors) == ["d", "f"]
        assert bench.errors["d"] == "another sensor has sda of I2C bus 0 on 0"
        assert bench.errors["f"] == "address 0x80 is none of I2C: they go from 0x8 to 0x77"


def test_soil_between_dry_and_wet():
    with Bench() as bench:
        sensors = {"bed": {"kind": "soil", "pin": 26, "dry": 50_000, "wet": 20_000, "every_s": 1}}
        for raw, share in (
            (50_000, 0),
            (20_000, 1),
            (35_000, "0.5"),
            (38_010, "0.4"),
            (55_000, 0),
        ):
            bench.raw[26] = raw
            bench.plug(sensors=sensors)
            assert bench.run(0) == {"bed": share}, raw
        for raw in (200, 65535):
            bench.raw[26] = raw
            assert bench.run(1000) == {}
            assert bench.errors["bed"] == f"it gives {raw}, far from dry and wet: is it wired?"


def test_soil_tells_what_to_set():
    with Bench() as bench:
        bench.raw[26] = 43210
        bench.plug(sensors={"bed": {"kind": "soil", "pin": 26}})
        bench.run(0)
        assert bench.errors["bed"] == "set dry and wet: it gives 43210 now"


def test_a_battery_behind_a_divider():
    with Bench() as bench:
        bench.raw[27] = 39718  # 2.000 V of 3.3
        cell = {"kind": "battery", "pin": 27, "divider": 2}
        bench.plug(sensors={"cell": cell})
        assert bench.units == {"cell.voltage": "V"}
        assert bench.run(0) == {"cell.voltage": 4}
        cell["empty"], cell["full"], cell["of"] = 3.3, 4.2, ["voltage", "level"]
        bench.plug(sensors={"cell": cell})
        assert bench.run(0) == {"cell.voltage": 4, "cell.level": 78}
        bench.raw[27] = 65000
        bench.plug(sensors={"cell": cell})
        assert bench.run(0) == {"cell.voltage": "6.546", "cell.level": 100}
        del cell["empty"], cell["full"]
        bench.plug(sensors={"cell": cell})
        bench.run(0)
        assert bench.errors["cell.level"] == "a level needs empty and full, in volts"


def test_a_board_that_measures_volts_is_believed():
    bench = Bench()
    bench.calibrated = True
    with bench:
        bench.uv[34], bench.raw[34] = 1_950_000, 40_000
        bench.plug(sensors={"cell": {"kind": "battery", "pin": 34, "divider": 2}})
        assert bench.run(0) == {"cell.voltage": "3.9"}
        assert ("atten", 3) in bench.opened


def test_motion_is_told_at_once_and_now_and_then():
    with Bench() as bench:
        bench.level(14, 0)
        bench.plug(sensors={"hall": {"kind": "pir", "pin": 14, "every_s": 60}})
        assert bench.run(1000) == {"hall": False}
        assert bench.pulls[14] == 2
        bench.level(14, 1)
        assert bench.run(100) == {"hall": True}
        assert bench.run(2000) == {}
        bench.level(14, 0)
        assert bench.run(300) == {"hall": False}
        assert bench.run(59_000) == {}
        assert bench.run(1000) == {"hall": False}, "every_s is the longest silence"


def test_a_button_that_bounces_is_pressed_once():
    with Bench() as bench:
        bench.plug(sensors={"bell": {"kind": "button", "pin": 3}})
        assert bench.run(1000) == {"bell": False}
        assert bench.pulls[3] == 1
        for _ in range(5):
            bench.level(3, 0)
            bench.level(3, 1)
        bench.level(3, 0)
        assert bench.run(60) == {"bell": True}
        bench.level(3, 1)
        bench.level(3, 0)
        assert bench.run(500) == {}
        bench.level(3, 1)
        assert bench.run(50) == {}, "seen once is not enough"
        bench.level(3, 0)
        assert bench.run(500) == {}
        bench.level(3, 1)
        assert bench.run(200) == {"bell": False}


def test_a_press_between_two_looks_is_not_lost():
    with Bench() as bench:
        bench.plug(sensors={"bell": {"kind": "button", "pin": 3}})
        bench.run(1000)
        bench.level(3, 0)
        bench.level(3, 1)
        bench.run(500)
        assert [value for _, _, value in bench.readings] == [False, True, False]


def test_an_input_may_be_the_other_way_round():
    with Bench() as bench:
        options = {"kind": "button", "pin": 3, "inverted": False, "pull": "none"}
        bench.level(3, 1)
        bench.plug(sensors={"bell": options})
        assert bench.run(0) == {"bell": True}
        assert bench.pulls[3] is None
