"""An hour of the week that `make week` lets a full board live, with the heap of a Pico W."""

import shutil

import week


def test_a_full_board_lives_within_its_heap(compiled, tmp_path, micropython):
    folder = tmp_path / "board"
    shutil.copytree(compiled, folder)
    seen, answers, told = week.live(1, folder, tell=lambda _: None)
    assert not told
    assert [row[3] for row in seen] == [32, 32]
    assert answers > 4 * 50
    assert seen[-1][2] > 32 * 1024, "what is free for a signature and a large answer"
