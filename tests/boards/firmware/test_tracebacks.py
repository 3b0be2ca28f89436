"""A traceback of a board leads to file and line of the sources."""

import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from mesh.boards.firmware import lean, tracebacks

JOINED = "mesh/linked1.py"


def frame(number, function, file=JOINED):
    return f'  File "{file}", line {number}, in {function}'


def raising():
    """(line of the joined file, its frame) of a line that raises something."""
    for number, one in enumerate(tracebacks.own_table()[JOINED], 1):
        source = (lean.SOURCES.parent / one[0]).read_text() if one[0] != JOINED else ""
        lines = source.split("\n")
        if one[2] != one[3] and source and lines[one[1] - 1].strip().startswith("raise"):
            return number, one, lines
    raise AssertionError("nothing raises anything")


def test_a_line_of_a_joined_file_becomes_one_of_the_sources():
    number, (source, line, code, name), lines = raising()
    assert tracebacks.told(frame(number, code)) == frame(line, name, source)
    assert tracebacks.told(frame(number, code) + "\r") == frame(line, name, source)
    assert tracebacks.told(frame(number, "<listcomp>")) == frame(line, "<listcomp>", source)
    above = [at for at in range(line) if re.match(rf" *def {name}\(", lines[at])]
    assert above, "it is in the function that is told"


def test_many_boards_are_read_at_once():
    """Each by a thread, and all raise something before the table was made."""
    number, (source, line, code, name), _ = raising()
    tracebacks._own_table.cache_clear()
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as threads:
            told = list(threads.map(tracebacks.told, [frame(number, code)] * 8))
    finally:
        sys.setswitchinterval(usual)
    assert set(told) == {frame(line, name, source)}
    assert tracebacks._own_table.cache_info().misses == 1, "it was made once"


def test_other_lines_stay():
    for line in (
        "joined: id x",
        "",
        frame(3, "main", "main.py"),
        frame(3, "run", "mesh/core/replication/neighbours.py"),
        "Traceback (most recent call last):",
        '  File "mesh/linked1.py", line',
    ):
        assert tracebacks.told(line) == line


@pytest.mark.parametrize("number", [0, 99_999, None])
def test_a_line_of_another_build_says_so(number):
    line = frame(raising()[0] if number is None else number, "nobody")
    assert tracebacks.told(line) == line + tracebacks.UNKNOWN


def test_a_firmware_built_before_is_known_by_its_table(tmp_path, monkeypatch):
    older = {JOINED: [(JOINED, 1, "<module>", "<module>"), ("mesh/core/old.py", 7, "_z", "look")]}
    place = tmp_path / "shed" / tracebacks.TABLE
    place.parent.mkdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / tracebacks.TABLE).write_text("{")
    place.write_text(tracebacks.text(older))
    assert json.loads(place.read_text())[JOINED][1] == ["mesh/core/old.py", 7, "_z", "look"]
    monkeypatch.setattr(tracebacks, "DIST", tmp_path)
    assert tracebacks.told(frame(2, "_z")) == frame(7, "look", "mesh/core/old.py")


def test_lines_of_a_source_are_in_order():
    """Functions and classes stand where they stood, so their lines grow within a source."""
    for frames in tracebacks.own_table().values():
        for one, two in pairwise(frames):
            assert one[0] != two[0] or one[1] <= two[1], (one, two)
