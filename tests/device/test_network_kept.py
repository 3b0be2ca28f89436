"""A network that a board was sent and joined: kept as a whole, or not, and told."""

import pytest
from ap_radio import ACCESS_POINT
from radio import RADIO


@pytest.fixture
def run(there, tmp_path):
    """Run code with a radio that has an access point, in a folder of its own."""
    return lambda code: there(RADIO + f"FOLDER = {str(tmp_path)!r}\n" + ACCESS_POINT + code)


def test_power_that_goes_between_trying_and_keeping_leaves_the_old_or_the_new(run):
    """At each step of the keeping, as far as the file system lets it be seen."""
    told = run(
        """
class PowerCut(BaseException):
    pass


def cut():
    raise PowerCut


NEW = {"ssid": "cellar", "password": "another"}
real_rename, real_dump = os.rename, json.dump


class Steps:
    '''The modules json and os of access_point, which fail at one step.'''

    def __init__(self, step):
        self.step = step
        self.load = json.load

    def dump(self, table, file):
        if self.step == "dump":
            file.write('{"wifi": [')
            cut()
        real_dump(table, file)

    def rename(self, old, new):
        if self.step == "before":
            cut()
        real_rename(old, new)
        if self.step == "after":
            cut()


def reads(safe, path=""):
    if steps.step == "read":
        cut()
    return main.settings(safe, path)


for step in ("dump", "read", "before", "after"):
    steps = Steps(step)
    given = {"wifi": [ATTIC], "setup": {"code": CODE, "after_s": 0}}
    board, networks, point = made(given)
    access_point.json = access_point.os = steps
    point._read = reads
    try:
        point._keep(networks, NEW)
    except PowerCut:
        pass
    access_point.json, access_point.os = json, os
    profile = main.settings(False)[0]  # as the next start reads them
    print(json.dumps([step, [one["ssid"] for one in profile.wifi], profile.setup["code"] == CODE]))
"""
    )
    assert told == [
        ["dump", ["attic"], True],
        ["read", ["attic"], True],
        ["before", ["attic"], True],
        ["after", ["cellar", "attic"], True],
    ]


def test_settings_that_cannot_be_kept_are_told(run):
    told = run(
        """
board, networks, point = made()
with open("settings.json", "w") as file:
    file.write("no settings")
why = point._keep(networks, {"ssid": "cellar"})
print(json.dumps([why, [one["ssid"] for one in networks]]))
with open("settings.json") as file:
    print(json.dumps(file.read()))
"""
    )
    assert told[0][0].startswith("it is joined, but not kept for the next start: ")
    assert told[0][1] == ["cellar", "attic"]
    assert told[1] == "no settings"
