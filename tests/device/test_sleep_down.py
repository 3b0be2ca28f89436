"""How a board goes to sleep: without power for its radio, and on a Pico in pieces."""

from radio import RADIO

MACHINE = """
import sys, time
from mesh.device import sleep


class Restarted(Exception):
    pass


class Machine:
    def __init__(self, wakes_early):
        self.log, self.early = [], wakes_early

    def lightsleep(self, ms):
        self.log.append(ms)
        time.sleep_ms(ms // 2 if self.early else ms)

    def reset(self):
        raise Restarted


def slept(ms, wakes_early=False):
    one = Machine(wakes_early)
    begun = time.ticks_ms()
    try:
        sleep.in_pieces(one, ms)
    except Restarted:
        print(json.dumps([one.log, time.ticks_diff(time.ticks_ms(), begun) >= ms]))
"""


def test_a_sleep_that_ends_early_goes_on_until_it_is_over(there):
    told = there(MACHINE + "slept(40, True)")
    assert told[0][1]
    assert told[0][0][0] == 40
    assert len(told[0][0]) > 1


def test_no_piece_is_longer_than_a_picos_timer(there):
    told = there(MACHINE + "sleep.AT_ONCE_MS = 10\nslept(25)")
    assert max(told[0][0]) == 10
    assert told[0][1]
    week = there("from mesh.device import sleep\nprint(sleep.AT_ONCE_MS)")
    assert week[0] < (1 << 32) // 1000


def test_the_radio_has_no_power_before_it_sleeps(there):
    told = there(
        RADIO
        + MACHINE
        + """
WLAN.deinit = lambda self: WLAN.log.append("deinit")
WLAN.joined = "attic"
Machine.deepsleep = lambda self, ms: WLAN.log.append(ms)
sys.modules["machine"] = Machine(False)
sleep.down(1000)
print(json.dumps([WLAN.log, WLAN.joined, WLAN.switched]))
"""
    )
    assert told == [[["deinit", 1000], None, [False]]]


def test_a_radio_that_cannot_be_switched_off_keeps_no_board_awake(there):
    told = there(
        RADIO
        + MACHINE
        + """
def busy(self):
    raise OSError("busy")


WLAN.deinit = busy
Machine.deepsleep = lambda self, ms: print(json.dumps(ms))
sys.modules["machine"] = Machine(False)
sleep.down(1000)
del WLAN.deinit
sleep.down(2000)
"""
    )
    assert told == [1000, 2000]
