"""What only a board has, with stand-ins for its modules: pins, Wi-Fi, and other socket options."""

PIN = """
class Pin:
    OUT = 1
    log = []

    def __init__(self, pin, mode):
        if pin == 99:
            raise ValueError("no such pin")
        self.log.append((pin, mode))

    def value(self, value):
        self.log.append(value)


class Machine:
    pass


Machine.Pin = Pin
sys.modules["machine"] = Machine
from mesh.core.errors import LocalError
from mesh.device.actuators import led, switch
"""
WIFI = """
import asyncio


class WLAN:
    PM_NONE = 0
    log = []
    here = {"attic": "secret"}

    def __init__(self, interface):
        self.log.append(interface)

    def active(self, on):
        self.log.append(on)

    def config(self, **options):
        raise ValueError("unknown config param")

    def status(self):
        return 0

    def isconnected(self):
        return WLAN.joined

    def scan(self):
        raise OSError("busy")

    def connect(self, ssid, password=""):
        self.log.append(ssid)
        WLAN.joined = self.here.get(ssid) == password

    def disconnect(self):
        self.log.append("off")

    def ifconfig(self):
        return ("192.0.2.7", "255.255.255.0", "192.0.2.1", "192.0.2.1")


class Network:
    STA_IF = 0


WLAN.joined = False
Network.WLAN = WLAN
sys.modules["network"] = Network
from mesh.device import wifi
wifi.CONNECT_MS, wifi.LOOK_MS = 3, 1
"""
SOCKETS = """
class Sock:
    def __init__(self, *_):
        self.log = []

    def setblocking(self, on):
        self.log.append(("blocking", on))

    def setsockopt(self, *option):
        self.log.append(option)

    def bind(self, address):
        self.log.append(address)

    def sendto(self, data, address):
        self.log.append((data, address))

    def recvfrom(self, size, flags=0):
        return b"x", ("192.0.2.9", 5683)


class Module:
    AF_INET, SOCK_DGRAM, SOL_SOCKET, SO_REUSEADDR, IP_ADD_MEMBERSHIP = 2, 2, 4095, 4, 1024
    socket = Sock


from mesh.device import sockets as udp
udp.UNIX, udp.socket = False, Module
"""


def test_a_pin_is_switched(there):
    told = there(
        PIN
        + """
relay = switch.Actuator("relay", {"pin": 5})
relay.apply(True)
relay.apply(False)
low = switch.Actuator("low", {"pin": 6, "inverted": True})
low.apply(True)
light = led.Actuator("led", {})
print(json.dumps([Pin.log, relay.value, low.value]))
"""
    )
    relay = [[5, 1], False, True, False]
    low = [[6, 1], True, False]
    light = [["LED", 1], False]
    assert told == [[relay + low + light, False, True]]


def test_a_wrong_pin_or_wish_is_told(there):
    told = there(
        PIN
        + """
for options in ({}, {"pin": 99}):
    try:
        switch.Actuator("relay", options)
    except ValueError as error:
        print(json.dumps(str(error)))
for wish in (1, "on", None, 0.5):
    try:
        switch.Actuator("relay", {"pin": 5}).apply(wish)
    except LocalError as error:
        print(json.dumps(error.detail))
"""
    )
    assert told == ["which pin?", "no such pin"] + ["it can be true or false"] * 4


def test_networks_are_tried_in_turn(there):
    told = there(
        WIFI
        + """
networks = [{"ssid": "cellar", "password": "x"}, {"ssid": "attic", "password": "secret"}]
asyncio.run(wifi.connect(networks))
print(json.dumps([WLAN.log, wifi.address()]))
asyncio.run(wifi.connect(networks))
print(json.dumps(len(WLAN.log)))
"""
    )
    assert told == [[[0, True, "cellar", "off", "attic", 0], "192.0.2.7"], 8]


def test_a_board_is_sent_no_option_of_linux(there):
    told = there(
        SOCKETS
        + """
sock = udp.Socket(("0.0.0.0", 5353), "192.0.2.7", 1024, True)
sock.join("224.0.0.251", "192.0.2.7")
sock.send(("192.0.2.9", 5683), b"x")
log = sock._sock.log
for entry in log:
    print(json.dumps([part if not isinstance(part, bytes) else part.hex() for part in entry]))
try:
    next(sock.receive())
except StopIteration as stop:
    print(json.dumps(stop.value[1]))
"""
    )
    assert told == [
        ["blocking", False],
        [4095, 4, 1],
        ["0.0.0.0", 5353],
        [0, 1024, "e00000fbc0000207"],
        ["78", ["192.0.2.9", 5683]],
        ["192.0.2.9", 5683],
    ]


def test_the_address_of_this_machine_is_one_of_its_own(there, namespace):
    code = "from mesh.device import wifi\nprint(json.dumps(wifi.address()))"
    assert there(code, namespace.wrap) == ["127.0.0.1"]
    namespace.add_address("192.0.2.44/32")
    assert there(code, namespace.wrap) == ["192.0.2.44"]


def test_an_epoch_of_2000_is_no_trouble(there):
    told = there(
        """
from mesh.device import ticks as clock


class Time:
    def gmtime(self, _):
        return (2000, 1, 1, 0, 0, 0, 5, 1)

    def time(self):
        return 848_577_600


real = clock.unix_ms()
import time
print(json.dumps(abs(real // 1000 - time.time()) < 5))
clock.time = Time()
print(json.dumps(clock.unix_ms()))
"""
    )
    assert told == [True, 1_795_262_400_000]
