"""What strangers can cause on a board's serial port is summed up."""

FLOOD = """
from mesh.core import events
from mesh.device.console import Console
ms = [0]
console = Console(True, lambda: ms[0])
reading = events.Reading(bytes(32), 1, "t", "Cel", 1, [0, 1, 0, None])
for n in range(3000):
    source = ("10.0.0.%d" % (n % 20), 1000 + n)
    console.event(events.Refused(source, None, 0x81, "wrong signature"))
console.event(reading)
ms[0] = 10_000
console.event(reading)
for n in range(9):
    console.event(events.PeerFound(bytes([n]) * 32, "", ("10.0.0.1", n), "asked us"))
console.event(events.Refused(("10.0.0.1", 1), None, 0x81, "wrong signature"))
"""


def test_a_refused_flood_is_a_few_lines_and_a_sum(there):
    told = there(FLOOD)
    kinds = [line["event"] for line in told]
    assert kinds == ["refused"] * 8 + ["reading", "summed", "reading"] + ["found"] * 8 + [
        "refused"
    ]
    assert told[9] == {"event": "summed", "of": "refused", "more": 2992, "sources": 20}
