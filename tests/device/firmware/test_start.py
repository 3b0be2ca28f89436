"""What starts a board chooses well, whatever the last start came to, whenever the power goes."""

import shutil

import needs
import pytest
from starting import ABSENT, ENDS, GOOD, OLD, RAISES, REPORTS, WAITS, Folder


@pytest.fixture
def folder(tmp_path, compiled, micropython):
    made = Folder(tmp_path / "board", compiled, micropython)
    made.put("", GOOD)
    return made


def test_the_usual_start_writes_nothing(folder):
    assert folder.starts() == ["base whole"]
    assert not (folder.path / "boot").exists()


def test_what_becomes_good_stays(folder):
    folder.put("next", GOOD)
    folder.stage()
    assert folder.starts() == ["next whole"]
    assert "'state': 'good'" in folder.record()
    before = (folder.path / "boot").stat()
    assert folder.starts() == ["next whole"]
    assert (folder.path / "boot").stat() == before, "a proven firmware needs no write"


@pytest.mark.parametrize(
    ("broken", "ran", "why"),
    [
        (RAISES, ["next whole", "base whole"], "ValueError: new and broken"),
        (ENDS, ["next whole", "base whole"], "settings: not understood"),
        (ABSENT, ["", "base whole"], "ImportError: no module named 'mesh.device.nothing'"),
        ("def main(:", ["", "base whole"], "SyntaxError"),
        (OLD, ["", "base whole"], "incompatible .mpy file"),
    ],
    ids=["raises", "ends", "import", "syntax", "mpy"],
)
def test_what_fails_is_taken_back_at_once(folder, broken, ran, why):
    folder.put("next", broken)
    folder.stage()
    assert folder.starts() == ran
    record = folder.record()
    assert "'state': 'taken back'" in record
    assert "'version': '2'" in record
    assert why in record
    assert folder.starts() == ["base whole"]


def test_the_one_before_is_the_last_good_one(folder):
    folder.put("next", GOOD)
    folder.stage()
    folder.starts()
    folder.put("other", RAISES)
    assert folder.code("import start\nprint(start.Boot().free_slot())\n") == "other"
    folder.stage("other")
    assert folder.starts() == ["other whole", "next whole"]


def test_what_is_not_good_in_time_is_taken_back(folder):
    folder.put("next", WAITS)
    folder.stage(wait_s=1)
    assert folder.starts() == ["next whole", "base whole"]
    assert "not good within 1 s" in folder.record()


@pytest.mark.parametrize("hangs", [True, False])
def test_what_ends_without_a_word_has_two_tries(folder, hangs):
    folder.put("next", REPORTS)  # as a cut of power, or the watchdog, ends it
    folder.stage()
    if hangs:
        folder.hang()
    assert [folder.run()[0] for _ in range(3)] == ["next whole", "next whole", "base whole"]
    assert "not good after 2 starts" in folder.record()
    assert ("the last one hung" in folder.record()) == hangs


def test_five_failed_starts_lead_to_safe_mode_and_on_to_the_base(folder):
    folder.put("next", GOOD)
    folder.stage()
    folder.starts()
    folder.put("next", RAISES)
    folder.put(
        "", REPORTS + "    if not safe:\n        raise ValueError\n    print(safe)\n    good()\n"
    )
    ran = folder.starts()
    assert ran[:5] == ["next whole"] * 5
    assert ran[5:8] == ["next safe"] * 3
    assert ran[8].startswith("base safe\n8 starts in a row failed: ValueError: new and broken")
    # good in safe mode: the whole is tried once more, and fails
    assert folder.starts()[:2] == ["next whole", "next safe"]


def test_a_hanging_firmware_leads_to_safe_mode(folder):
    folder.put("", REPORTS)
    folder.starts()
    folder.hang()
    assert [folder.run()[0] for _ in range(5)] == ["base whole"] * 4 + ["base safe"]
    folder.hang(False)
    folder.put("", GOOD)
    assert folder.starts() == ["base safe"]
    assert folder.starts() == ["base whole"]


def test_cuts_of_power_are_no_failures(folder):
    folder.put("", REPORTS)
    assert [folder.run()[0] for _ in range(9)] == ["base whole"] * 9


@pytest.mark.parametrize("damage", [b"", b"x", b"{}" * 40])
def test_a_damaged_state_starts_the_base(folder, damage):
    folder.put("next", GOOD)
    folder.stage()
    (folder.path / "boot").write_bytes(damage)
    assert folder.starts() == ["base whole"]


FREE = "import start\nprint(start.Boot().free_slot())\n"


def test_an_update_can_be_the_base(folder):
    folder.put("next", GOOD)
    folder.stage()
    folder.starts()
    (folder.path / "base").write_text("next")
    shutil.rmtree(folder.path / "mesh")
    assert folder.starts() == ["next whole"]
    assert folder.code(FREE) == "other"
    folder.put("other", RAISES)
    folder.stage("other")
    assert folder.starts() == ["other whole", "next whole"]
    (folder.path / "boot").write_bytes(b"x")
    assert folder.starts() == ["next whole"]


def test_what_runs_as_the_base_is_not_free(folder):
    """Another firmware was chosen, and failed so often that the base runs."""
    folder.put("next", GOOD)
    folder.put("other", GOOD)
    folder.stage("other")
    folder.starts()
    (folder.path / "base").write_text("next")
    assert folder.code(FREE) == "next"
    folder.code("import start\ns = start.read()\ns['failed'] = 8\nstart.write(s)\n")
    assert folder.code(FREE) == "other"
    assert folder.starts() == ["next safe"]


@pytest.mark.parametrize("damage", [b"", b"x", b"mesh", b"\xff\xff"])
def test_a_damaged_name_of_the_base_is_none(folder, damage):
    (folder.path / "base").write_bytes(damage)
    assert folder.starts() == ["base whole"]


CUTS = """
import sys
sys.path[:0] = [{folder!r}, {tests!r}]
import start
from cut_flash import during, empty

def stage(slot):
    return lambda boot: boot.stage(slot, {{"version": slot}}, 60)

steps = [
    (stage("next"), ("", "next")),
    (lambda boot: None, ("next",)),  # a try, and then the power goes
    (lambda boot: boot.good(), ("next", "")),  # the second one
    (stage("other"), ("next", "other")),
    (lambda boot: boot.failed("broken"), ("other", "next")),
    (lambda boot: boot.failed("hung"), ("next",)),
    (lambda boot: boot.good(), ("next",)),
]

def slot_of(data):
    return during({vfs!r}, data, lambda: start.Boot().slot)[:2]

data = empty({vfs!r})
cuts = 0
for step, may in steps:
    left = n = 0
    while left <= 0:
        cut, _, left = during({vfs!r}, data, lambda: step(start.Boot()), n)
        # the next starts: whatever is there is whole, and what never gets good gives way
        again, slot = slot_of(cut)
        assert slot in may, (slot, may)
        for _ in range(3):
            again, slot = slot_of(again)
        assert slot in ("", "next"), slot
        cuts += 1
        n += 1
    data, _, _ = during({vfs!r}, data, lambda: step(start.Boot()))
print('cuts', cuts)
"""


@pytest.mark.parametrize("vfs", ["VfsLfs2", "VfsFat"])
def test_power_may_go_at_any_write(folder, vfs):
    tests = str(needs.ROOT / "tests" / "device")
    said = folder.code(CUTS.format(folder=str(folder.path), tests=tests, vfs=vfs))
    # around it, what MicroPython says of files that were open when the power went
    cuts = [int(line.split()[1]) for line in said.splitlines() if line.startswith("cuts")]
    assert cuts, said
    assert cuts[0] > 30, "nothing was cut"
