"""How deep a board's calls go: a Pico W has 8 KB of stack, some twenty-five calls.

Measured as bytes of stack on the unix port, where a call takes 1.5 times as many as on an RP2040:
an entry written in 11,312 bytes there took 7,548 of a Pico's 7,936, and its head had no room.
"""

import json

from mesh.core import codes
from mesh.core.coap import message as coap

# bytes, the deepest of each; lower these whenever it is less
MOST = {"link": 10_600, "sign": 10_400}
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
