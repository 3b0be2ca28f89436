"""Wi-Fi with a stand-in for the radio: several networks, open ones, loss, and being back."""

RADIO = """
import asyncio


class WLAN:
    PM_NONE = 0
    log = []
    air = {}  # ssid: (password or "", strength)
    joined = None
    broken = 0

    def __init__(self, interface):
        pass

    def active(self, on):
        pass

    def config(self, **options):
        pass

    def isconnected(self):
        return WLAN.joined is not None

    def scan(self):
        if WLAN.broken:
            WLAN.broken -= 1
            raise OSError("busy")
        return [(ssid.encode(), b"m" * 6, 1, self.air[ssid][1], 3, 0) for ssid in sorted(self.air)]

    def connect(self, *given):
        self.log.append(list(given))
        ssid, password = given if len(given) > 1 else (given[0], "")
        if self.air.get(ssid, (None,))[0] == password:
            WLAN.joined = ssid

    def disconnect(self):
        WLAN.joined = None

    def ifconfig(self):
        return (ADDRESS.get(WLAN.joined, "0.0.0.0"), "", "", "")


ADDRESS = {"attic": "192.0.2.7", "cellar": "192.0.2.200", "inn": "198.51.100.3"}


class Network:
    STA_IF = 0


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


def test_the_strongest_of_those_known_is_joined(there):
    told = there(
        RADIO
        + """
WLAN.air = {"attic": ("secret", -80), "cellar": ("other", -40), "stranger": ("x", -10)}
print(json.dumps(join([ATTIC, CELLAR])))
print(json.dumps(join([ATTIC, CELLAR])))
"""
    )
    assert told == [[True, "cellar", [["cellar", "other"]]], [False, "cellar", []]]


def test_one_that_hides_or_refuses_does_not_keep_from_the_others(there):
    told = there(
        RADIO
        + """
WLAN.air = {"attic": ("changed", -30), "cellar": ("other", -90)}
print(json.dumps(join([ATTIC, INN, CELLAR])))
WLAN.joined = None
WLAN.broken = 9
print(json.dumps(join([INN, CELLAR])))
"""
    )
    assert told == [
        [True, "cellar", [["attic", "secret"], ["cellar", "other"]]],
        [True, "cellar", [["inn"], ["cellar", "other"]]],
    ]


def test_an_open_network_gets_no_password(there):
    told = there(
        RADIO
        + """
WLAN.air = {"inn": ("", -50)}
print(json.dumps(join([INN]) + [wifi.address()]))
"""
    )
    assert told == [[True, "inn", [["inn"]], "198.51.100.3"]]


def test_so_many_rounds_and_no_more(there):
    told = there(RADIO + "print(json.dumps([join([ATTIC, CELLAR], 2), wifi.joined()]))")
    rounds = [["attic", "secret"], ["cellar", "other"]] * 2
    assert told == [[[True, None, rounds], False]]


BOARD = """
sys.path[:0] = [sys.path[0] + "/tests/device", sys.path[0] + "/tests/core"]
import os
from simulated import Simulated, World
from mesh.device import board as boards
os.chdir(sys.argv[1])
"""


def test_a_board_that_is_back_tells_everybody(there, tmp_path):
    """At another address too: its peers, by unicast and at once."""
    told = there(
        RADIO
        + BOARD.replace("sys.argv[1]", repr(str(tmp_path)))
        + """
WLAN.air = {"attic": ("secret", -50)}
WLAN.joined = "attic"
world = World()
friend, at_friend = world.add(2)
friend.start(world.now, False)
at = ("10.0.0.1", 5683)
one = Simulated(world, at, {"wifi": [ATTIC, CELLAR]})
one.board._profile.interface = ""
one.board._own = wifi.address()
one.node.candidate(0, friend.peer.id, at_friend, "given")
world.run(30_000)
print(json.dumps(friend.contacts.get(one.node.peer.id).state))
# the wire of the attic breaks, and only the cellar is heard
WLAN.air = {"cellar": ("other", -60)}
WLAN.joined = None
boards.WIFI_S = 0
there = ("10.0.0.99", 5683)
world.nodes[there] = world.nodes.pop(at)
world.events[there] = []


async def stay():
    task = asyncio.create_task(one.board._stay())
    for _ in range(200):
        await asyncio.sleep_ms(1)
        if one.board._own == "192.0.2.200":
            break
    task.cancel()

asyncio.run(stay())
print(json.dumps([what for what in one.console.told if what[0] == "rejoined"]))
world.run(5000)
contact = friend.contacts.get(one.node.peer.id)
print(json.dumps([contact.state, contact.address == there]))
"""
    )
    assert told == ["up", [["rejoined", {"address": "192.0.2.200"}]], ["up", True]]
