"""Wi-Fi with a stand-in for the radio: several networks, open ones, loss, and being back."""

from radio import BOARD, RADIO


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
