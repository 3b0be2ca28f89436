"""Strangers and whole peers: what is refused, and how."""

import pytest
from crowds import who
from hubs import run as run_limited
from hubs import until
from tcp_peers import KIT, held, runs_of, serving, someone

from mesh.core.errors import RemoteError
from mesh.core.events import PeerFound
from mesh.hub.tcp import runs_check
from mesh.hub.tcp.tcp_client import connected


def test_a_batch_that_is_refused_is_not_kept(tmp_path):
    """Over TCP as over UDP: whoever says no keeps nothing."""
    author = someone()
    runs = runs_of(author, 100)

    async def main():
        async with (
            serving(tmp_path / "a") as (peer, source),
            connected(KIT, someone(), source) as way,
        ):
            feeds = peer.node.peer.feeds
            feeds.wants = lambda _: 1
            accept = feeds.accept

            def refuse(*_):
                raise RemoteError("no room for another feed", 0xA3)

            feeds.accept = refuse
            with pytest.raises(RemoteError, match=r"5\.03"):
                await way.offer(runs)
            feeds.archive.flush()
            assert held(feeds.archive) == (0, 0)
            assert author.public not in feeds.archive._held._spans
            feeds.accept = accept
            assert await way.offer(runs) == {author.public: 100}
            assert held(feeds.archive) == (100, 100)

    run_limited(main)


def test_one_key_that_nobody_knows_fills_no_disk_over_tcp(tmp_path):
    author = someone()
    runs = runs_of(author, 3000)

    async def main():
        async with (
            serving(tmp_path / "a") as (peer, source),
            connected(KIT, author, source) as way,
        ):
            feeds = peer.node.peer.feeds
            flow = peer.record._budget._pushed
            flow._per_s = 0  # no time passes
            flow._left = 20_000.0
            refused = []
            for at in range(0, len(runs), 10):
                try:
                    await way.offer(runs[at : at + 10])
                except RemoteError as error:
                    refused.append(str(error))
            assert len(refused) > 10
            assert all("4.29" in why for why in refused)
            assert 0 < held(feeds.archive)[0] <= 600
            # our holder's own wish counts more
            peer.record._budget.meet(author.public, "192.0.2.1")
            assert await way.offer(runs[140:150]) == {author.public: 150 * 20}

    run_limited(main)


def test_who_answers_us_is_met_and_not_locked_out_by_a_crowd(tmp_path):
    newcomer = someone()
    runs = runs_of(newcomer, 40)

    async def main():
        async with serving(tmp_path / "a") as (peer, _):
            feeds, some = peer.node.peer.feeds, peer.record._budget
            for n in range(3 * peer.limits.strange_authors):
                some.spent(who(n), 500, 1)
            with pytest.raises(RemoteError, match="no room for more"):
                feeds.archive.admit(newcomer.public, 300, None, asked=True)
            peer._on_event(PeerFound(newcomer.public, "n", ("192.0.2.8", 5683), "mdns"))
            feeds.wants = lambda _: 2
            assert feeds.take(peer.now(), runs, newcomer.public) == {newcomer.public: 40}
            assert held(feeds.archive)[0] == 40

    run_limited(main)


def test_who_was_dropped_is_held_nowhere(tmp_path):
    author = someone()

    async def main():
        async with serving(tmp_path / "a") as (peer, _):
            feeds = peer.node.peer.feeds
            feeds.wants = lambda _: 1
            feeds.take(peer.now(), runs_of(author, 40), author.public)
            assert author.public in feeds.foreign
            peer.record._gone(author.public)
            await until(lambda: author.public not in feeds.foreign)

    run_limited(main)


def test_signed_refusals_say_what_would_help(tmp_path):
    author = someone()

    async def main():
        async with (
            serving(tmp_path / "a") as (peer, source),
            connected(KIT, author, source) as way,
        ):
            peer.record._budget._pushed._left = -1e9
            body = runs_check.packed_all(runs_of(author, 20))
            answer = await way.ask(0x02, ["feeds"], body, 60)
            assert (answer.code, answer.signed) == (0x9D, True)
            said = KIT.decode(answer.payload)
            assert "follow or keep" in said[-2]

    run_limited(main)


def test_the_tails_of_strangers_are_short_where_there_is_a_store(tmp_path):
    author = someone()
    runs = runs_of(author, 400)

    async def main():
        async with serving(tmp_path / "a") as (peer, _):
            feeds = peer.node.peer.feeds
            feeds.wants = lambda _: 1
            for at in range(0, len(runs), 8):
                feeds.take(peer.now(), runs[at : at + 8], author.public)
            assert len(feeds.foreign[author.public]._entries) <= 64

    run_limited(main)
