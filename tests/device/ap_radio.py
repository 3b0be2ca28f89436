"""An access point beside the radio's stand-in, a board around it, and pretend time: code for
MicroPython, after that of radio.py.
"""

ACCESS_POINT = """
import os


class AccessPoint:
    SEC_WPA2 = 3
    on = False
    options = {}
    stations = 0
    obeys = True  # whether it takes what it is told
    log = []

    def active(self, on):
        AccessPoint.on = on
        AccessPoint.log.append(on)

    def config(self, *asked, **options):
        if asked:
            return AccessPoint.options[asked[0]] if AccessPoint.obeys else 0
        AccessPoint.options.update(options)

    def isconnected(self):
        return AccessPoint.stations > 0

    def ifconfig(self):
        return ("192.168.4.1", "255.255.255.0", "", "")


Network.AP_IF = 1
Network.WLAN = staticmethod(lambda interface: AccessPoint() if interface else WLAN(interface))
wifi.CONNECT_MS, wifi.LOOK_MS, wifi.AGAIN_S = 15_000, 250, 2

from mesh.core.codec import cbor
from mesh.core.kit import Kit
from mesh.core.policy.settings import parse
from mesh.device import access_point, main

now = [0]
passing = asyncio.sleep_ms


async def sleep_ms(ms):
    now[0] += max(1, ms)
    await passing(0)


asyncio.sleep_ms = sleep_ms
asyncio.sleep = lambda s: sleep_ms(int(s * 1000))


class Peer:
    id = bytes(range(32))
    kit = Kit(lambda data: bytes(32), None, cbor.encode, cbor.decode, os.urandom)
    resources = ()

    def provide(self, resources):
        self.resources += resources


class Board:
    def __init__(self):
        self.node = self.loop = self
        self.peer = Peer()
        self.told = []

    def now(self):
        return now[0]

    def join_by(self, connect, address):
        self.connect, self.address = connect, address

    def tell(self, what, **fields):
        self.told.append([what, fields.get("ssid"), fields.get("reason")])


class OnTrial:
    on_trial = True


CODE = "k7mp-3xqd-w9hn-r4tz"
SETTINGS = {"name": "hall", "wifi": [ATTIC], "setup": {"code": CODE}}
os.chdir(FOLDER)


def made(settings=SETTINGS, boot=None):
    with open("settings.json", "w") as file:
        json.dump(settings, file)
    board = Board()
    profile = parse(settings)
    return board, profile.wifi, access_point.AccessPoint(board, profile, boot, main.settings)


def kept():
    with open("settings.json") as file:
        return json.load(file)


async def within(seconds, work, at=lambda: None):
    '''Whether it ends in so many s of pretend time; at() is called at each step.'''
    task = asyncio.create_task(work)
    end_ms = now[0] + seconds * 1000
    while not task.done() and now[0] < end_ms:
        at()
        await passing(0)
    if task.done():
        return await task
    task.cancel()
    return "still"
"""
