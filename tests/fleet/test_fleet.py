"""Twenty-five boards at once, in short; `make fleet` has a hundred for an hour."""

import fleet
import pytest

SECONDS = 30


@pytest.mark.timeout(600)
def test_twenty_five_boards_live_side_by_side(tmp_path, micropython):
    with fleet.Fleet(tmp_path, 25) as all_of_them:
        all_of_them.met()
        all_of_them.live(SECONDS)
        assert not all_of_them.silent()
        assert not all_of_them.wrong()
