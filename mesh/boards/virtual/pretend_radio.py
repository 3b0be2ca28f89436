# mypy: ignore-errors
# ruff: noqa
"""The module `network` of a virtual board with a pretend radio: data to mesh.boards.virtual.air,
which lays it into the board's folder as network.py.

What is in the air is read from air.json at each call, so it can change while the board runs:
{"networks": {SSID: {"password", "address"}}, "access_point": its address, "stations": how many
clients it seems to have}.
"""

import json

STA_IF, AP_IF = 0, 1
STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP = 1000, 1001, 1010
STAT_NO_AP_FOUND, STAT_WRONG_PASSWORD = 201, 202
MASK = "255.0.0.0"
NOTHING = ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")
_state = {"joined": None, "status": STAT_IDLE, "up": [False, False], "options": {}}


def _air():
    try:
        with open("air.json") as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


class WLAN:
    PM_NONE, SEC_WPA2 = 0, 3

    def __init__(self, interface=STA_IF):
        self._at = interface

    def active(self, on=None):
        if on is not None:
            _state["up"][self._at] = bool(on)
            if not on and self._at == STA_IF:
                _state["joined"] = None
        return _state["up"][self._at]

    def config(self, *asked, **options):
        if asked:
            return _state["options"][asked[0]]
        _state["options"].update(options)

    def scan(self):
        found = _air().get("networks", {})
        return [(ssid.encode(), bytes(6), 1, -50, 3, 0) for ssid in sorted(found)]

    def connect(self, ssid, key=None, **_):
        found = _air().get("networks", {}).get(ssid)
        _state["joined"] = None
        if found is None:
            _state["status"] = STAT_NO_AP_FOUND
        elif (found.get("password") or None) != key:
            _state["status"] = STAT_WRONG_PASSWORD
        else:
            _state["joined"], _state["status"] = ssid, STAT_GOT_IP

    def disconnect(self):
        _state["joined"], _state["status"] = None, STAT_IDLE

    def status(self, what=None):
        return _state["status"]

    def isconnected(self):
        air = _air()
        if self._at == AP_IF:
            return _state["up"][AP_IF] and air.get("stations", 1) > 0
        if _state["joined"] not in air.get("networks", {}):
            _state["joined"] = None
        return _state["joined"] is not None

    def ifconfig(self):
        air = _air()
        if self._at == AP_IF:
            own = air.get("access_point", "127.0.0.2") if _state["up"][AP_IF] else None
        else:
            own = air.get("networks", {}).get(_state["joined"], {}).get("address", "127.0.0.1")
            own = own if self.isconnected() else None
        return (own, MASK, own, own) if own else NOTHING
