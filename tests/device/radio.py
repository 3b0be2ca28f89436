"""A stand-in for the radio, and a board with it: code for MicroPython."""

RADIO = """
import asyncio


class WLAN:
    PM_NONE = 0
    log = []
    air = {}  # ssid: (password or "", strength)
    joined = None
    broken = 0
    switched = []
    code = 1001
    error = None  # what connect() raises
    late = 0  # looks until one that the driver joins by itself is there
    names = []  # of neighbours, in bytes

    def __init__(self, interface):
        pass

    def active(self, on):
        WLAN.switched.append(on)

    def config(self, **options):
        pass

    def status(self):
        return WLAN.code

    def isconnected(self):
        if WLAN.late:
            WLAN.late -= 1
            if not WLAN.late:
                WLAN.joined = "attic"
        return WLAN.joined is not None

    def scan(self):
        if WLAN.broken:
            WLAN.broken -= 1
            raise RuntimeError("Wifi Unknown Error 0x0102") if WLAN.broken % 2 else OSError("busy")
        found = [(name, b"m" * 6, 1, -20, 3, 0) for name in WLAN.names]
        known = sorted(self.air)
        return found + [(ssid.encode(), b"m" * 6, 1, self.air[ssid][1], 3, 0) for ssid in known]

    def connect(self, *given):
        self.log.append(list(given))
        ssid, password = given if len(given) > 1 else (given[0], "")
        if WLAN.error:
            raise WLAN.error
        if self.air.get(ssid, (None,))[0] == password:
            WLAN.joined = ssid

    def disconnect(self):
        WLAN.joined = None

    def ifconfig(self):
        return (ADDRESS.get(WLAN.joined, "0.0.0.0"), "", "", "")


ADDRESS = {"attic": "192.0.2.7", "cellar": "192.0.2.200", "inn": "198.51.100.3"}


class Network:
    STA_IF = 0
    STAT_WRONG_PASSWORD, STAT_NO_AP_FOUND, STAT_HANDSHAKE_TIMEOUT = 202, 201, 204


Network.WLAN = WLAN
sys.modules["network"] = Network
from mesh.device import wifi
wifi.CONNECT_MS, wifi.LOOK_MS, wifi.AGAIN_S = 3, 1, 0
ATTIC = {"ssid": "attic", "password": "secret"}
CELLAR = {"ssid": "cellar", "password": "other"}
INN = {"ssid": "inn"}


def join(networks, rounds=0):
    WLAN.log.clear()
    away = asyncio.run(wifi.connect(networks, rounds))
    return [away, WLAN.joined, WLAN.log[:]]
"""

BOARD = """
sys.path[:0] = [sys.path[0] + "/tests/device", sys.path[0] + "/tests/core"]
import os
from simulated import Simulated, World
from mesh.device import board as boards
os.chdir(sys.argv[1])
"""
