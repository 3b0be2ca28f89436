"""A board's access point: when it opens and closes, what of a network that was sent is kept."""

import pytest
from ap_radio import ACCESS_POINT
from radio import RADIO


@pytest.fixture
def run(there, tmp_path):
    """Run code with a radio that has an access point, in a folder of its own."""
    return lambda code: there(RADIO + f"FOLDER = {str(tmp_path)!r}\n" + ACCESS_POINT + code)


def test_it_opens_after_its_time_and_closes_when_the_network_is_back(run):
    told = run(
        """
board, networks, point = made()


async def main():
    print(json.dumps([await board.connect(networks), now[0] // 10_000]))
    told = AccessPoint.options
    print(json.dumps([AccessPoint.on, told["ssid"], told["key"], told["security"]]))
    print(json.dumps([board.address(), point._door.is_open]))
    WLAN.air["attic"] = ("secret", -50)
    print(json.dumps(await board.connect(networks)))
    print(json.dumps([AccessPoint.on, point._door.is_open, board.address(), wifi.joined()]))
    print(json.dumps(await board.connect(networks)))
    print(json.dumps(board.told))

asyncio.run(main())
"""
    )
    assert told[0] == [False, 61]  # rounds of 17 s
    assert told[1] == [True, "mesh-aaaqeaye", "k7mp-3xqd-w9hn-r4tz", 3]
    assert told[2] == ["192.168.4.1", True]
    assert told[3] is True
    assert told[4] == [False, False, "192.0.2.7", True]
    assert told[5] is False
    assert told[6] == [
        ["wifi", "attic", "no answer, or no address from it"],
        ["setup", "mesh-aaaqeaye", None],
        ["setup", None, "closed: a network was joined"],
    ]


def test_without_a_network_it_opens_at_once(run):
    told = run(
        """
board, networks, point = made({"setup": {"code": CODE, "after_s": 3600}})
print(json.dumps([asyncio.run(board.connect(networks)), now[0], AccessPoint.on]))
"""
    )
    assert told == [[False, 0, True]]


def test_where_nobody_comes_it_rests_and_while_somebody_is_there_the_radio_does_too(run):
    told = run(
        """
board, networks, point = made({"wifi": [ATTIC], "setup": {"code": CODE, "after_s": 0}})


async def main():
    await board.connect(networks)
    began, tries = now[0], len(WLAN.log)
    await board.connect(networks)
    print(json.dumps([AccessPoint.on, (now[0] - began) // 60_000, len(WLAN.log) - tries]))
    closed = now[0]
    await board.connect(networks)
    print(json.dumps([AccessPoint.on, (now[0] - closed) // 60_000]))
    AccessPoint.stations, tries, began = 1, len(WLAN.log), now[0]
    await board.connect(networks)
    print(json.dumps([AccessPoint.on, (now[0] - began) // 60_000, len(WLAN.log) - tries]))

asyncio.run(main())
"""
    )
    assert told == [[False, 10, 8], [True, 10], [False, 30, 5]]


def test_what_is_sent_is_joined_then_kept_whole(run):
    told = run(
        """
board, networks, point = made({"name": "hall\\u00fc", "wifi": [ATTIC, INN, CELLAR],
    "sensors": {"heap": {"every_s": 0.5}}, "setup": {"code": CODE, "after_s": 0}})
WLAN.air = {}


async def main():
    await board.connect(networks)
    WLAN.air["cellar"] = ("another", -50)
    AccessPoint.stations = 1
    point._door.wish = {"ssid": "cellar", "password": "another"}

    def tell():
        point._door.told = point._door._state["state"] == "joined"

    print(json.dumps(await within(60, board.connect(networks), tell)))
    print(json.dumps(kept()))
    print(json.dumps([networks == kept()["wifi"], AccessPoint.on, point._door.is_open]))
    print(json.dumps([point._door._state, sorted(os.listdir("."))]))
    print(json.dumps(main_settings()))


def main_settings():
    return main_reads(False)[0].wifi[0]["ssid"]


from mesh.device.main import settings as main_reads
asyncio.run(main())
"""
    )
    new = {"ssid": "cellar", "password": "another"}
    networks = [new, {"ssid": "attic", "password": "secret"}, {"ssid": "inn"}]
    assert told[0] is True
    assert told[1] == {
        "name": "hallü",
        "wifi": networks,
        "sensors": {"heap": {"every_s": 0.5}},
        "setup": {"code": "k7mp-3xqd-w9hn-r4tz", "after_s": 0},
    }
    assert told[2] == [True, False, False]
    joined = {"state": "joined", "ssid": "cellar", "address": "192.0.2.200"}
    assert told[3] == [joined, ["settings.json"]]
    assert told[4] == "cellar"


@pytest.mark.parametrize(
    ("code", "reason", "switched"),
    [
        (202, "the password is wrong", []),
        (201, "it is not heard here", []),
        (999, "no answer, or no address from it", [False, True]),
    ],
)
def test_what_cannot_be_joined_leaves_all_as_it_was(run, code, reason, switched):
    told = run(
        f"""
board, networks, point = made({{"wifi": [ATTIC], "setup": {{"code": CODE, "after_s": 0}}}})
with open("settings.json") as file:
    before = file.read()
WLAN.air = {{}}
WLAN.code = {code}


async def main():
    await board.connect(networks)
    point._door.wish = {{"ssid": "cellar", "password": "wrong and secret"}}
    AccessPoint.log.clear()
    print(json.dumps(await within(40, board.connect(networks), lambda: None)))
    print(json.dumps([point._door._state, point._door.wish, AccessPoint.log]))
    print(json.dumps([point._door.is_open, AccessPoint.on, networks == [ATTIC]]))
    with open("settings.json") as file:
        print(json.dumps([file.read() == before, os.listdir(".")]))
    print(json.dumps(board.told))

asyncio.run(main())
"""
    )
    assert told[0] == "still"
    assert told[1] == [{"state": "failed", "ssid": "cellar", "why": reason}, None, switched]
    assert told[2] == [True, True, True]
    assert told[3] == [True, ["settings.json"]]
    assert ["setup", "cellar", reason] in told[4]
    assert "wrong and secret" not in str(told)
    assert "k7mp" not in str(told[4])


def test_firmware_that_cannot_protect_it_opens_none(run):
    told = run(
        """
board, networks, point = made({"setup": {"code": CODE}})
AccessPoint.obeys = False
print(json.dumps([asyncio.run(board.connect(networks)), AccessPoint.on, board.told]))
board, networks, point = made({"setup": {"code": CODE}})
del AccessPoint.SEC_WPA2
print(json.dumps([asyncio.run(board.connect(networks)), AccessPoint.on, board.told]))
AccessPoint.SEC_WPA2, AccessPoint.obeys = 3, True
board, networks, point = made({"setup": {"after_s": 3}})
print(json.dumps([asyncio.run(board.connect(networks)), AccessPoint.on, board.told]))
"""
    )
    for row, reason in zip(
        told, ("cannot protect it", "has no WPA2", "have no code"), strict=True
    ):
        assert row[:2] == [False, False]
        assert reason in row[2][0][2]


def test_names_of_wpa2_in_older_firmware(run):
    told = run(
        """
class Old:
    SEC_WPA_WPA2 = 4


class Older:
    AUTH_WPA2_PSK = 5


print(json.dumps([access_point.security(Network, Old), access_point.security(Older, Network)]))
"""
    )
    assert told == [[4, 5]]


def test_what_is_on_trial_gets_none(run):
    """Without a network, a firmware would pass for good, and settings be lost."""
    told = run(
        """
given = {"wifi": [ATTIC], "setup": {"code": CODE, "after_s": 0}}
board, networks, point = made(given, OnTrial())
print(json.dumps([asyncio.run(within(900, board.connect(networks))), AccessPoint.on]))
from mesh.device.firmware import trial
board, networks, point = made(given)
trial.write({"state": trial.TRIAL, "why": ""})
print(json.dumps([asyncio.run(within(900, board.connect(networks))), AccessPoint.on]))
trial.write({"state": "taken back", "why": "it was on \\"trial\\""})
print(json.dumps([asyncio.run(within(900, board.connect(networks))), AccessPoint.on]))
"""
    )
    assert told == [["still", False], ["still", False], [False, True]]


def test_after_too_many_wrong_codes_it_is_closed(run):
    told = run(
        """
board, networks, point = made({"wifi": [ATTIC], "setup": {"code": CODE, "after_s": 0}})


async def main():
    await board.connect(networks)
    for _ in range(20):
        point._door._count()
    print(json.dumps([await within(60, board.connect(networks)), AccessPoint.on]))
    print(json.dumps(board.told[-1]))

asyncio.run(main())
"""
    )
    assert told == [[False, False], ["setup", None, "closed: too many wrong codes"]]


def test_only_addresses_of_its_own_network_are_inside(run):
    told = run(
        """
board, networks, point = made({"wifi": [], "setup": {"code": CODE}})


async def main():
    hosts = ["192.168.4.16", "192.168.5.16", "fe80::1%w0", "fd00::2"]
    print(json.dumps([point._inside(host) for host in hosts]))
    await board.connect(networks)
    print(json.dumps([point._inside(host) for host in hosts]))


asyncio.run(main())
"""
    )
    assert told == [[False] * 4, [True, False, False, False]]
