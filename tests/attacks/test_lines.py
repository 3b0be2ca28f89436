"""What nobody signed is held against nobody: somebody on the line forges what a peer tells, or the
line flips bits, and that peer is read all the same, and right after.
"""

import pytest
from keepers import goes_on, own_seqs
from patience import look
from relay import Relay

QUICK = {"limits": {"head_ms": 300}, "sensors": {"uptime": {"every_s": 0.3}}}
A_NOTIFICATION = 3  # are forged before it, and as many after it


@pytest.fixture(params=["board", "desktop"])
def line(request, desktop):
    """(who keeps, who writes, the line between them): the first has heard from the second."""
    author = request.getfixturevalue(request.param)(name="author", **QUICK)
    with Relay(author.address) as relay:
        given = [{"id": author.id, "address": relay.address}]
        keeper = desktop(name="keeper", keep=[{}], peers=given, sensors={})
        goes_on(keeper, author)
        yield keeper, author, relay


def judged(keeper, author, seen, what, sent):
    """It is read again."""
    goes_on(keeper, author)
    assert not keeper.events("forked"), keeper.lines[-30:]
    assert author.is_running, author.lines[-30:]
    seen(what, author.kind, sent=sent, told_kib=keeper.told_kib, ends=0)
    keeper.verify()


def test_who_listens_forges_notifications(line, seen, times):
    keeper, author, relay = line
    relay.forges = A_NOTIFICATION
    most = times(42, 300)
    while relay.forged < most:
        goes_on(keeper, author)
    relay.forges = 0
    assert not keeper.events("lost", peer=author.id), keeper.lines[-30:]
    judged(keeper, author, seen, "notifications are forged", relay.forged)


def test_a_line_flips_bits(line, seen, times):
    keeper, author, relay = line
    relay.flips = True
    most = times(20, 200)
    look(lambda: relay.flipped >= most, lambda: (relay.flipped, own_seqs(keeper, author)), 600)
    relay.flips = False
    judged(keeper, author, seen, "a line flips bits of a third of all", relay.flipped)
