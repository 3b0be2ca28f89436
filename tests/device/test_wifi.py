"""Wi-Fi with a stand-in for the radio: several networks, open ones, loss, and being back."""

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


def test_what_the_driver_joins_by_itself_is_waited_for(there):
    told = there(
        RADIO
        + """
heard = []
for error in (OSError("Wifi Internal State Error"), RuntimeError("Wifi Unknown Error 0x3007")):
    WLAN.joined, WLAN.error, WLAN.late = None, error, 3
    print(json.dumps(join([ATTIC], 1)))
WLAN.joined = None  # and one that it cannot join in time is given up, and tried again
WLAN.late = 0
print(json.dumps(join([ATTIC, CELLAR], 2)))
"""
    )
    joined = [True, "attic", [["attic", "secret"]]]
    rounds = [["attic", "secret"], ["cellar", "other"]] * 2
    assert told == [joined, joined, [True, None, rounds]]


def test_names_of_neighbours_may_be_any_bytes(there):
    told = there(
        RADIO
        + r"""
WLAN.air = {"attic": ("secret", -80), "cellar": ("other", -40), "über": ("", -30)}
ADDRESS["über"] = "192.0.2.9"
WLAN.names = [b"", bytes(8), b"\xff\xfe\x00caf\xe9", b"\xc3", bytearray(b"x\x00y")]
print(json.dumps(join([ATTIC, CELLAR, INN])))
WLAN.joined = None
print(json.dumps(join([ATTIC, {"ssid": "über"}, CELLAR])))
"""
    )
    assert told == [
        [True, "cellar", [["cellar", "other"]]],
        [True, "über", [["über"]]],
    ]


def test_why_none_was_joined_is_told_in_words_and_once(there):
    told = there(
        RADIO
        + """
heard = []


def tell(what, **fields):
    heard.append([what, fields["ssid"], fields["reason"]])


WLAN.code = 202
asyncio.run(wifi.connect([ATTIC], 3, tell))
WLAN.code = 201
asyncio.run(wifi.connect([ATTIC], 1, tell))
WLAN.code, WLAN.error = 1000, OSError("Wifi Invalid Password")
asyncio.run(wifi.connect([ATTIC], 1, tell))
WLAN.code, WLAN.error = -3, None  # another port's number, without a name
asyncio.run(wifi.connect([ATTIC], 1, tell))
print(json.dumps(heard))
"""
    )
    assert told == [
        [
            ["wifi", "attic", "the password is wrong"],
            ["wifi", "attic", "it is not heard here"],
            ["wifi", "attic", "Wifi Invalid Password"],
            ["wifi", "attic", "no answer, or no address from it"],
        ]
    ]


def test_an_interface_without_an_address_is_not_joined(there):
    told = there(
        RADIO
        + """
WLAN.air = {"attic": ("secret", -40)}
ADDRESS.clear()
print(json.dumps(join([ATTIC], 1) + [wifi.joined()]))
"""
    )
    assert told == [[True, None, [["attic", "secret"]], False]]


def test_silence_where_peers_are_known_restarts_the_radio_more_and_more_seldom(there):
    told = there(
        RADIO
        + """
silence = wifi.Silence()
minutes = []
for now in range(0, 6 * 3_600_000, 10_000):
    if silence.lasts(now, 0, True):
        minutes.append(now // 60_000)
print(json.dumps(minutes))
alone = [now for now in range(now, now + 7_200_000, 10_000) if silence.lasts(now, 0, False)]
heard = [t for t in range(now, now + 7_200_000, 10_000) if silence.lasts(t, t - t % 240_000, True)]
print(json.dumps([alone, heard]))
"""
    )
    assert told == [[5, 15, 35, 75, 135, 195, 255, 315], [[], []]]


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


def test_a_board_that_hears_nothing_joins_anew(there, tmp_path):
    """Connected, says the driver, but no datagram comes any more from whom it knows."""
    told = there(
        RADIO
        + BOARD.replace("sys.argv[1]", repr(str(tmp_path)))
        + """
WLAN.air = {"attic": ("secret", -50)}
WLAN.joined = "attic"
world = World()
friend, at_friend = world.add(2)
friend.start(world.now, False)
one = Simulated(world, ("10.0.0.1", 5683), {"wifi": [ATTIC]})
one.board._profile.interface = ""
one.board._own = wifi.address()
boards.WIFI_S = 0
looks = [0]


async def stay(until_ms):
    task = asyncio.create_task(one.board._stay())
    while world.now < until_ms:
        await asyncio.sleep_ms(1)
        world.now += 10_000
    await asyncio.sleep_ms(20)
    task.cancel()


def switched():
    return [what[0] for what in one.console.told].count("wifi"), WLAN.switched.count(False)


asyncio.run(stay(world.now + 1_200_000))
print(json.dumps(switched()))  # alone: that is nothing to worry about
one.node.candidate(one.board.loop.now(), friend.peer.id, at_friend, "given")
world.run(30_000)
asyncio.run(stay(world.now + 400_000))
told = [what for what in one.console.told if what[0] == "rejoined"]
print(json.dumps([switched(), len(told), WLAN.joined]))
"""
    )
    assert told == [[0, 0], [[1, 1], 1, "attic"]]
