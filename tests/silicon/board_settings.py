"""The emulated board's settings, over its cable."""

import contextlib
import json
import sys

SETTINGS_S = 180
SENSOR = {"memory": {"kind": "heap", "every_s": 5}}  # one that works without a chip


@contextlib.contextmanager
def changed(lab, **settings):
    """Other settings while it lasts, on a board that has joined: with `heap` as its only sensor.
    Afterwards it is on its cable, with those that it had.
    """
    file = lab.folder / "usual.json"
    file.unlink(missing_ok=True)
    usual = _put(lab, "--get", file)
    try:
        _write(lab, {**usual, "actuators": {}, "sensors": SENSOR, **settings})
        yield
    finally:
        lab.switch_off()
        lab.switch_on()
        _write(lab, usual)


def _write(lab, settings):
    file = lab.folder / "wanted.json"
    file.write_text(json.dumps(settings))
    _put(lab, "--set", file)


def _put(lab, option, file):
    """`mesh board settings`, which starts the board anew: waits until it has joined. The settings
    in the file.
    """
    since = lab.mark()
    words = (sys.executable, "-m", "mesh.cli", "board", "settings", lab.port, option, file)
    lab.run(words, SETTINGS_S).need("mesh board settings")
    lab.joined(since)
    return json.loads(file.read_text())
