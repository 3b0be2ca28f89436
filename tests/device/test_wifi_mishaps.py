"""Wi-Fi when the driver joins by itself, names are odd, there is no address, or silence."""

from radio import BOARD, RADIO


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
