"""Who is put back to an older state, or runs twice, signs no seq twice, and is no liar."""

from keeping_all import Archive
from restoring import OWNER_ID, Stage
from world import make_kit

from mesh.core.full.content import content
from mesh.core.replication.resume import SPAN, after


def restored(keep=3, more=4, known=True, archive=None):
    """An owner whose disk is put back by `more` readings, started anew."""
    stage = Stage()
    stage.world.run(3000)
    stage.measure(stage.owner, keep)
    copy = stage.disk.copy()
    stage.measure(stage.owner, more)
    assert stage.heard() == list(range(1, keep + more + 1))
    stage.world.remove(("10.0.0.1", 5683))
    return stage, stage.start(copy, known=known, archive=archive)


def test_who_was_put_back_asks_before_it_signs():
    stage, owner = restored()
    stage.measure(owner, 3)
    stage.nobody_is_a_liar()
    assert stage.heard()[-3:] == [8, 9, 10], "nothing that was measured meanwhile is lost"
    [told] = stage.told()
    assert told.peer == stage.readers[0].peer.id
    assert told.seq == owner.peer.feeds.own.first_seq > 1 << SPAN


def test_without_an_answer_it_goes_on_where_it_was():
    stage, owner = restored(more=0)
    stage.world.lose = lambda *_: True
    stage.measure(owner, 1, 3000)
    assert owner.peer.feeds.own.unkept == 1
    stage.world.run(6000)
    assert owner.peer.feeds.own.unkept == 0
    stage.world.lose = lambda *_: False
    stage.measure(owner, 1, 40_000)
    assert stage.heard() == [1, 2, 3, 4, 5]
    assert not stage.told()
    assert owner.peer.feeds.own.next_seq == 6


def test_who_was_alone_at_its_start_goes_on_elsewhere_once_it_hears_of_more():
    stage, owner = restored(known=False)
    stage.world.lose = lambda *_: True
    stage.measure(owner, 2)
    assert owner.peer.feeds.own.next_seq == 6, "it had 3 and measured 2"
    stage.world.lose = lambda *_: False
    reader = stage.readers[0]
    owner.candidate(stage.world.now, reader.peer.id, ("10.0.0.2", 5683), "mdns")
    stage.measure(owner, 3, 20_000)
    stage.nobody_is_a_liar()
    assert stage.heard()[-5:] == [8, 9, 10, 11, 12]
    assert len(stage.told()) == 1


def test_what_its_store_holds_of_that_time_is_given_to_nobody():
    """It said more than others hold of it, and keeps it: from there on they would be given it."""
    archive = Archive()
    stage, owner = restored(known=False, archive=archive)
    stage.signed.links.clear()  # nobody is there, so it signs for its own store what it signed
    stage.world.lose = lambda *_: True
    stage.measure(owner, 9)
    assert archive.seqs(OWNER_ID)[-1] == 12
    stage.world.lose = lambda *_: False
    owner.candidate(stage.world.now, stage.readers[0].peer.id, ("10.0.0.2", 5683), "mdns")
    stage.measure(owner, 3, 20_000)
    stage.nobody_is_a_liar()
    assert stage.heard()[-2:] == [18, 19]
    assert owner.peer.feeds.run(OWNER_ID, 8)[1] > 1 << SPAN


def test_it_notices_that_others_hold_another_entry_at_a_seq_that_it_has():
    stage, owner = restored(more=1, known=False)
    stage.world.lose = lambda *_: True
    stage.measure(owner, 4)
    stage.world.lose = lambda *_: False
    owner.candidate(stage.world.now, stage.readers[0].peer.id, ("10.0.0.2", 5683), "mdns")
    stage.world.run(1000)
    assert len(stage.told()) == 1
    stage.measure(owner, 2, 20_000)
    stage.nobody_is_a_liar()
    assert stage.heard()[-6:] == [5, 6, 7, 8, 9, 10]


def test_it_is_put_back_again_and_again():
    stage = Stage()
    stage.world.run(3000)
    stage.measure(stage.owner, 3)
    copy = stage.disk.copy()
    owner = stage.owner
    begins = set()
    for _ in range(4):
        stage.measure(owner, 3)
        stage.world.remove(("10.0.0.1", 5683))
        owner = stage.start(copy.copy())
        stage.measure(owner, 2)
        # it counts the same starts again, so it is not seen to be new
        assert stage.world.run(120_000, lambda: stage.heard()[-1:] == [stage.value])
        begins.add(owner.peer.feeds.own.first_seq)
    stage.nobody_is_a_liar()
    assert len(begins) == 4
    assert stage.heard() == list(range(1, stage.value + 1))


def test_of_two_that_run_at_once_one_ends_and_says_so():
    stage = Stage(2)
    stage.world.run(3000)
    stage.measure(stage.owner, 3)
    twin = stage.start(stage.disk.copy(), at=9)
    for _ in range(20):
        stage.measure(stage.owner, 1, 11_000)
        stage.measure(twin, 1, 11_000)
    stage.nobody_is_a_liar()
    ends = [at for at in (1, 9) if stage.told(at) and not stage.told(at)[-1].seq]
    assert len(ends) == 1, "one of them, and only one"
    [ended] = ends
    about = content((stage.owner if ended == 1 else twin).peer, stage.world.now, "peer")
    assert "mesh id renew" in about["unpublished"][1]


def test_of_two_that_run_at_once_one_ends_soon():
    """Whatever the interval of their checks: a follower hears now the one and now the other."""
    for check_ms in (1000, 1500, 3000, 20_000):
        for restarted in (False, True):
            ends(check_ms, restarted)


def ends(check_ms, restarted):
    stage = Stage(1, check_ms=check_ms)
    stage.world.run(3000)
    stage.measure(stage.owner, 3)
    copy = stage.disk.copy()
    if restarted:
        stage.world.remove(("10.0.0.1", 5683))
        stage.owner = stage.start(stage.disk)
    stage.measure(stage.owner, 1)
    twin = stage.start(copy, at=9)
    end = stage.world.now + 20_000 + 6 * check_ms
    while stage.world.now < end:
        stage.measure(stage.owner, 1, 150)
        stage.measure(twin, 1, 150)
    stage.nobody_is_a_liar()
    told = [e for at in (1, 9) for e in stage.told(at) if not e.seq]
    assert len(told) == 1, (check_ms, restarted, told)


class Lying:
    """A feed of which more is claimed."""

    def __init__(self, feed, held):
        self._feed = feed
        self.held = held

    def __getattr__(self, name):
        return getattr(self._feed, name)


def test_a_claim_without_proof_changes_nothing():
    """Somebody says that it holds more of us than there is: we ask, and go on."""
    stage = Stage()
    stage.world.run(3000)
    stage.measure(stage.owner, 3)
    reader = stage.readers[0]
    for lie in (
        [99, b"x" * 8],
        [2, b"x" * 8],
        [1 << 60, b""],
        ["x", 1],
        [-5, b"x" * 8],
        7,
        [True],
    ):
        feed = reader.peer.feeds.foreign[OWNER_ID]
        reader.peer.feeds.get = lambda _, feed=feed, lie=lie: Lying(feed, lie)
        stage.measure(stage.owner, 1, 61_000)
    assert not stage.told()
    assert stage.owner.peer.feeds.own.next_seq == 3 + 7 + 1
    assert stage.heard() == list(range(1, 11))


def test_it_continues_where_no_seq_was_used():
    dice = make_kit(5).random
    starts = [after(dice, 3, 100) for _ in range(50)]
    assert len(set(starts)) == 50
    assert min(starts) >= 3 << SPAN
    assert max(starts) < (3 << SPAN) + (1 << SPAN - 1)
    for highest in (0, 5, (7 << SPAN) + 4, 1 << 52):
        for boots in (0, 1, 1 << 31, 1_790_000_000):
            start = after(dice, boots, highest)
            assert highest < start < 1 << 53
            assert start >> SPAN > highest >> SPAN
