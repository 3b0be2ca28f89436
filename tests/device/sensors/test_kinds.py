"""Every kind of sensor and actuator is told, has its data, and is tested; the guide to a new one
does what it says.
"""

import ast
import re
import sys
import tomllib
import types

import pytest
from needs import ROOT

from mesh.boards.catalogue import hardware
from mesh.boards.catalogue.hardware_schema import complaints

DEVICE = ROOT / "mesh" / "device"
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
GUIDE = (ROOT / "docs" / "add-a-sensor.md").read_text()
TESTS = "".join(
    path.read_text() for path in (ROOT / "tests/device/sensors").glob("test_sensors_*.py")
)
WHOLE = ("bme280", "sht3x", "dht22", "ds18b20", "bh1750", "soil", "pir", "button")


def files(package):
    return sorted((DEVICE / package).glob("[a-z]*.py"))


def constants(path):
    """What a kind tells of itself, without importing it."""
    found = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


WIRED = [path for path in files("sensors") if "BUS" in constants(path)]
ACTUATORS = [path for path in files("actuators") if path.stem != "switch"]


def named(paths):
    return [pytest.param(path, id=path.stem) for path in paths]


def rows(text):
    """Rows of tables, by the word in backticks that begins them."""
    return {row[0]: row[1] for row in re.findall(r"^\| `(\w+)` (\|.*)$", text, re.MULTILINE)}


@pytest.mark.parametrize("path", named(WIRED))
def test_a_sensor_has_its_row_with_its_options(path):
    section = SETTINGS.partition("What can be wired to a board")[2].partition("Of I2C:")
    row = rows(section[0]).get(path.stem)
    assert row, f"docs/settings.md has no row for {path.stem} among what can be wired to a board"
    kind = constants(path)
    options = re.findall(r'^    "(\w+)":', path.read_text(), re.MULTILINE)
    options += ["of"] if "UNITS" in kind else []
    lost = [name for name in options if f"`{name}`" not in row]
    assert not lost, f"the row of {path.stem} does not tell of {lost}"
    lost = [quantity for quantity in kind.get("UNITS", ()) if f"NAME.{quantity}" not in row]
    assert not lost, f"the row of {path.stem} does not tell of {lost}"


@pytest.mark.parametrize("path", named(WIRED))
def test_a_sensor_has_its_data(path):
    data = hardware.files("sensors", "sensor").get(path.stem)
    assert data, f"hardware/sensors/{path.stem}/sensor.toml is missing"
    kind = constants(path)
    assert data["interface"] == kind["BUS"]
    units = kind.get("UNITS", {}).values() or [kind["UNIT"]]
    assert sorted(data["measures"]) == sorted(units)
    if kind["BUS"] == "i2c":
        assert tuple(data["bus"]["addresses"]) == kind["ADDRESSES"]
        assert data["bus"]["default"] == kind["ADDRESSES"][0]


@pytest.mark.parametrize("path", named(WIRED))
def test_a_sensor_is_tested_on_the_bench(path):
    assert f'"kind": "{path.stem}"' in TESTS, (
        f"no tests/device/sensors/test_sensors_*.py has {path.stem}"
    )


@pytest.mark.parametrize("path", named(ACTUATORS))
def test_an_actuator_has_its_row_and_its_data(path):
    section = SETTINGS.partition("### actuators.NAME")[2].partition("### rules")[0]
    assert f"`{path.stem}`" in section
    told = re.findall(r"`(\w+)`", section)
    lost = set(re.findall(r'^    "(\w+)":', path.read_text(), re.MULTILINE)) - set(told)
    assert not lost, f"docs/settings.md does not tell of {lost} of {path.stem}"
    assert path.stem in hardware.files("actuators", "actuator")


@pytest.mark.parametrize("kind", WHOLE)
def test_no_reading_goes_through_a_float(kind):
    """A board's float has 24 bits. The battery's settings are floats, but made whole at once."""
    for node in ast.walk(ast.parse((DEVICE / "sensors" / f"{kind}.py").read_text())):
        assert not isinstance(node, ast.Div), "true division makes a float"
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
        assert not (isinstance(node, ast.Name) and node.id == "float")


def test_the_guide_makes_a_sensor(monkeypatch):
    driver, test = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    (kind,) = re.findall(r"^`mesh/device/sensors/(\w+)\.py`:$", GUIDE, re.MULTILINE)
    made = {}
    for name, text in (("mesh.device.sensors." + kind, driver), ("guide", test)):
        made[name] = types.ModuleType(name)
        exec(compile(text, name, "exec"), made[name].__dict__)  # noqa: S102 - it is our own page
        monkeypatch.setitem(sys.modules, name, made[name])
    checks = [check for name, check in vars(made["guide"]).items() if name.startswith("test_")]
    assert len(checks) == 3
    for check in checks:
        check()


def test_the_guides_data_is_complete():
    block = GUIDE.partition("sensor.toml`")[2].partition("`source` says")[0]
    lines = [line[4:] for line in block.splitlines() if line.startswith("    ") or not line]
    data = tomllib.loads("\n".join(lines))
    assert complaints("sensor", data) == []
    assert data["interface"] == "i2c"
