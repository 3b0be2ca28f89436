"""Who offers something is asked where it is, also when it moves while it is asked."""

ASKING = """
import asyncio
from mesh.device.firmware import updates
from mesh.device.firmware.updates import Updates

updates.MOVED_MS = 10


class Said:
    def __init__(self, signed):
        self.signed = signed


class Contact:
    peer = b""
    address = "here"


class Asking:
    def __init__(self, turns):
        self.turns, self.asked = turns, []

    def _put(self, ask):
        self.asked.append(ask.address)
        self.turns.pop(0)(ask)


contact = Contact()


def moves(ask):
    contact.address = "there"


def is_away_for_a_moment(ask):
    contact.address = "there"
    ask.done(0, ask, Said(False))
    contact.address = "here"


def answers(ask):
    ask.done(0, ask, Said(True))


def asked(*turns):
    asking = Asking(list(turns))
    said = asyncio.run(asyncio.wait_for(Updates._answer(asking, contact, None), 5))
    print(json.dumps([asking.asked, said.signed]))
"""


def test_one_that_moves_is_asked_there_too(there):
    assert there(ASKING + "asked(moves, answers)") == [[["here", "there"], True]]


def test_one_that_comes_back_is_asked_again(there):
    told = there(ASKING + "asked(is_away_for_a_moment, answers)")
    assert told == [[["here", "here"], True]]
