"""How deep a board's calls go: a Pico W has 8 KB of stack, some twenty-five calls.

Measured as bytes of stack on the unix port, where a call takes 1.5 times as many as on an RP2040:
an entry written in 11,312 bytes there took 7,548 of a Pico's 7,936, and its head had no room.
"""

import json

from mesh.boards.virtual import air
from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.security.code_proof import Code

# bytes, the deepest of each; lower these whenever it is less
MOST = {"link": 10_600, "sign": 10_400}
CODE = "k7mp-3xqd-w9hn-r4tz"
START = """
import builtins, hashlib, micropython
import mesh.device.ed25519 as ed25519

most = {"link": 0, "sign": 0}

def noting(what, do):
    def noted(*given):
        most[what] = max(most[what], micropython.stack_use())
        return do(*given)
    return noted

class Hashlib:
    sha256 = staticmethod(noting("link", hashlib.sha256))

import sys
sys.modules["hashlib"] = Hashlib
ed25519.sign = noting("sign", ed25519.sign)
plain = print

def printed(*values, **options):
    plain(*values, **options)
    if "measured" in str(values):
        plain('{"event": "stack", "link": %d, "sign": %d}' % (most["link"], most["sign"]))

builtins.print = printed
from start import start
start()
"""


def test_readings_and_answers_about_feeds_fit_the_stack_of_a_board(board, desk):
    sensors = {"uptime": {"every_s": 0.2}}
    with board(sensors=sensors) as one:
        one.kill()
    (one.folder / "main.py").write_text(START)
    with board(sensors=sensors) as one:
        peer = desk.meet(one.wait("joined"))
        for _ in range(3):
            assert desk.ask(peer, coap.FETCH, "feeds").code == codes.CONTENT
        told = one.console.count("measured")
        desk.until(lambda: one.console.count("measured") > told + 1, "a reading after that")
        one.stop()
    found = [json.loads(line) for line in one.lines if '"stack"' in line]
    assert len(found) > 1
    for what, most in MOST.items():
        assert 0 < found[-1][what] <= most, found[-1]


def test_a_network_that_is_sent_to_its_access_point_fits_too(board, desk):
    settings = {
        "sensors": {"uptime": {"every_s": 0.2}},
        "setup": {"code": CODE, "after_s": 0},
        "discovery": {"layers": []},
    }
    with board(**settings) as one:
        one.kill()
    air.give(one.folder, {"networks": {"house": {"password": "correct horse"}}})
    (one.folder / "main.py").write_text(START)
    with board(**settings) as one:
        peer = desk.meet(one.wait("joined"))
        told = cbor.decode(desk.ask(peer, coap.FETCH, "setup").payload)
        where = peer + desk.public + told["challenge"]
        house = cbor.encode({"ssid": "house", "password": "correct horse"})
        body = Code(desk.kit.sha256, CODE).seal(where, bytes(16), house)
        assert desk.ask(peer, coap.PUT, "setup", value=body).code == codes.CHANGED
        told = one.console.count("measured")
        desk.until(lambda: one.console.count("measured") > told + 1, "a reading after that")
        one.stop()
    found = [json.loads(line) for line in one.lines if '"stack"' in line]
    for what, most in MOST.items():
        assert 0 < found[-1][what] <= most, found[-1]
