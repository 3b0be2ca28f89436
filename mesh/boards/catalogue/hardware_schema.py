"""Schema of the files in hardware/: complaints() lists what is missing or wrong."""

from collections.abc import Iterator, Mapping
from typing import Any

from mesh.core.errors import LocalError
from mesh.core.policy.checking import check

_TEXT = (str, "a text", 1, 400)
_EMPTY = (str, "a text", 0, 400)
_BOOL = (bool, "true or false")
_WHOLE = (int, "a whole number", 0, 1 << 32)
_NUMBER = ((int, float), "a number", 0, 1e9)
_SIGNED = ((int, float), "a number", -1e9, 1e9)
_SOURCE = {"source": _TEXT, "checked": _BOOL}
_PIN = {
    "gpio": _WHOLE, "does": _EMPTY, "rail": "3V3 5V GND", "printed": _TEXT, "name": _BOOL,
    "never": _TEXT, "warn": _TEXT, "note": _TEXT,
}  # fmt: skip
BOARD = {
    "name": _TEXT,
    "chip": _TEXT,
    "march": "armv6m armv7m armv7emsp armv7emdp xtensawin rv32imc x64",
    "port": "rp2 esp32 unix",
    "micropython": _TEXT,
    "variants": [_TEXT],
    "source": _TEXT,
    "image": {
        "kind": "uf2 esp none",
        "uf2_family": _WHOLE,
        "esp_chip_id": _WHOLE,
        "offset": _WHOLE,
    },
    "usb": {"ids": [_TEXT], "bootloader_ids": [_TEXT], "bootsel": _TEXT, "source": _TEXT},
    "memory": {"heap_kib": _WHOLE, "flash_kib": _WHOLE, "fs_kib": _WHOLE, "source": _TEXT},
    "header": {
        "numbering": "around columns",
        "names": [_TEXT],
        "usb": "top bottom",
        "left": [_TEXT],
        "right": [_TEXT],
        "source": _TEXT,
    },
    "pins": {"*": _PIN},
    "i2c": {"*": {"sda": _TEXT, "scl": _TEXT}},
    "limits": {"*": {"max": _NUMBER, "wifi": _BOOL} | _SOURCE},
    "rails": {"*": {"volts": _NUMBER, "max_ma": _NUMBER} | _SOURCE},
    "power": {"*": {"ma": _NUMBER} | _SOURCE},
}
DEVICE = {
    "title": _TEXT,
    "part": _TEXT,
    "made": _BOOL,
    "interface": "i2c onewire gpio adc pwm",
    "measures": [_TEXT],
    "notes": [_TEXT],
    "supply": {"rail": "3V3 5V", "min": _NUMBER, "max": _NUMBER} | _SOURCE,
    "bus": {"addresses": [_WHOLE], "default": _WHOLE},
    "signal": {"volts": ((int, float, str), 'volts, "supply" or "divided"')},
    "pins": {"*": {"to": _TEXT, "needs": _TEXT, "ma": _NUMBER}},
    "with": [{"part": _TEXT, "joins": [_TEXT], "in_wire": _TEXT, "why": _TEXT}],
    # range by quantity, or "value" if there is only one
    "ranges": {"*": {"min": _SIGNED, "max": _SIGNED} | _SOURCE},
    "current": {
        "rest_ua": _NUMBER,
        "active_ua": _NUMBER,
        "active_ms": _NUMBER,
        "peak_ma": _NUMBER,
    }
    | _SOURCE,
}
ALWAYS = "name chip march port micropython image.kind memory.heap_kib"
WITH_PINS = (
    "usb.ids memory.flash_kib memory.fs_kib header.left header.right header.usb header.numbering "
    "header.source pins i2c.0 limits.io_volts.max limits.adc_volts.max limits.pin_ma.max "
    "rails.3V3.max_ma rails.3V3.volts power.wifi_busy.ma power.wifi_on.ma power.deep_sleep.ma"
)
IMAGES = {"uf2": "image.uf2_family", "esp": "image.esp_chip_id image.offset", "none": ""}
OF_DEVICES = "title part interface pins current.rest_ua current.active_ua current.active_ms " + (
    "current.peak_ma current.source current.checked"
)


def complaints(stem: str, data: Mapping[str, Any]) -> list[str]:
    """What is missing or wrong in a parsed board.toml ("board"), sensor.toml or actuator.toml."""
    try:
        check(data, "", BOARD if stem == "board" else DEVICE)
    except LocalError as error:
        return [error.detail + (f" ({error.help})" if error.help else "")]
    return list(_board(data) if stem == "board" else _device(stem, data))


def _missing(data: Mapping[str, Any], paths: str) -> Iterator[str]:
    for path in paths.split():
        found: Any = data
        for part in path.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        if found is None or found in ("", [], {}):
            yield f"{path} is missing"


def _board(data: Mapping[str, Any]) -> Iterator[str]:
    lacks = list(_missing(data, ALWAYS))
    lacks += _missing(data, IMAGES[data.get("image", {}).get("kind", "none")])
    if data.get("port") != "unix":
        lacks += _missing(data, WITH_PINS)
    yield from lacks
    if not lacks:
        yield from _unsourced(data)
    if not lacks and "pins" in data:
        yield from _pins(data)


def _unsourced(data: Mapping[str, Any]) -> Iterator[str]:
    for table in ("limits", "rails", "power"):
        for name, row in data.get(table, {}).items():
            yield from (f"{table}.{name}.{word}" for word in _missing(row, "source"))
            if "checked" not in row:
                yield f"{table}.{name}.checked is missing: has somebody looked it up there?"


def _pins(data: Mapping[str, Any]) -> Iterator[str]:
    pins = data["pins"]
    labels = [*data["header"]["left"], *data["header"]["right"]]
    for label in dict.fromkeys(labels):
        if label not in pins:
            yield f"pins.{label} is missing: it is on the header"
        elif "gpio" in pins[label] and labels.count(label) > 1:
            yield f"pins.{label} is on the header twice"
    for rail in ("3V3", "GND"):
        if not any(pin.get("rail") == rail for pin in pins.values()):
            yield f'no pin has rail = "{rail}"'
    yield from _gpios(pins, labels)
    yield from _wires(data["i2c"], pins)


def _wires(buses: Mapping[str, Any], pins: Mapping[str, Any]) -> Iterator[str]:
    for bus, wires in buses.items():
        for line, label in wires.items():
            does = pins.get(label, {}).get("does", "").split()
            if "i2c" not in does and f"i2c{bus}.{line}" not in does:
                yield f"i2c.{bus}.{line}: {label} cannot be that"


def _ranges(data: Mapping[str, Any]) -> Iterator[str]:
    """Numeric sensors need ranges; switches have none."""
    ranges = data.get("ranges", {})
    things = len(data.get("measures", ()))
    if (data.get("interface") != "gpio" or things > 1) and len(ranges) != things:
        yield "ranges are missing: one for each thing that it measures"
    for name, row in ranges.items():
        lacks = list(_missing({"min": 1, "max": 1} | row, "source"))
        yield from (f"ranges.{name}.{word}" for word in lacks)
        if not row.get("min", 0) < row.get("max", 0):
            yield f"ranges.{name}: min is not below max"
        if "checked" not in row:
            yield f"ranges.{name}.checked is missing: has somebody looked it up there?"


def _gpios(pins: Mapping[str, Any], labels: list[str]) -> Iterator[str]:
    seen: dict[int, str] = {}
    for label, pin in pins.items():
        if label not in labels and not pin.get("name"):
            yield f"pins.{label} is not on the header: has header.left or right a slip of the pen?"
        gpio = pin.get("gpio")
        if gpio is None:
            continue
        if seen.setdefault(gpio, label) != label:
            yield f"pins.{label}.gpio: {gpio} is that of {seen[gpio]}"
        if "does" not in pin:
            yield f"pins.{label}.does is missing"


def _device(stem: str, data: Mapping[str, Any]) -> Iterator[str]:
    yield from _missing(data, OF_DEVICES)
    if stem == "sensor":
        yield from _missing(data, "measures signal.volts")
        yield from _ranges(data)
    if data.get("interface") == "i2c":
        yield from _missing(data, "bus.addresses bus.default")
    legs = list(data.get("pins", {}))
    for label, leg in data.get("pins", {}).items():
        yield from (f"pins.{label}.{word}" for word in _missing(leg, "to"))
        if leg.get("to") == "supply" and "supply" not in data:
            yield f"pins.{label} goes to the supply, and supply is missing"
    for extra in data.get("with", ()):
        yield from (f"with.{word}" for word in _missing(extra, "part why"))
        joins = extra.get("joins", [])
        places = [legs.index(label) for label in joins if label in legs]
        if joins and (len(places) != 2 or abs(places[0] - places[1]) != 1):  # noqa: PLR2004
            yield f"with.joins: {joins} are not two pins that follow each other"
        if not joins and extra.get("in_wire") not in legs:
            yield "with: joins = [two pins], or in_wire = one"
