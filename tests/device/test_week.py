"""Hours of the week that `make week` lets a full board live, with the heap of a Pico W."""

import week
from week_process import lay_out

from mesh.boards.catalogue import pins


def test_a_full_board_lives_within_its_heap_and_uses_no_number_twice(
    compiled, tmp_path, micropython
):
    one = week.Week(lay_out(tmp_path, compiled))
    one.live(2, cut_hours=1, tell=lambda _: None)
    assert one.told == []
    assert one.starts == 3
    assert [row[4] for row in one.looks][:1] == [32]
    assert one.looks[1][2] > 32 * 1024, "what is free for a signature and a large answer"
    assert one.numbers.count > 100
    assert one.answers > 2 * 4 * 60, "sensors are observed again after each start"
    assert len(one.seqs) == 4


def test_strangers_who_come_and_go_fill_its_tables_and_end_nothing(
    compiled, tmp_path, micropython
):
    one = week.Week(lay_out(tmp_path, compiled), strangers=12)
    one.live(1, tell=lambda _: None)
    assert one.told == []
    assert one.starts == 1
    assert one.passed == 4 * 12
    assert one.heard > 4 * 12, "strangers are answered too"
    assert one.answers > 150, "whoever observes goes on being told"
    assert one.looks[-1][2] > 24 * 1024


def test_all_of_it_can_be_wired_to_a_pico_w():
    found = pins.check("pico_w", week.SETTINGS)
    assert [problem for problem in found if problem.level == "error"] == []
