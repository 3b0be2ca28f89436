"""Many faults of ours in a short time: the part that has them begins anew, and then the peer."""

import pytest
from breaking import broken
from hubs import HOST, acquainted, run

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.hub import guard as faults
from mesh.hub.failure import FAULTY, Failure
from mesh.hub.guard import MANY
from mesh.hub.operations import daemon, own_peer


def test_a_part_with_many_faults_is_begun_anew_before_the_peer(start):
    async def main():
        async with acquainted(start) as (one, two):
            reopened = []
            two.faults.restarts("datagram", lambda: reopened.append(two.driver.udp.reopen()))
            port = two.driver.udp.port
            for _ in range(faults.MANY_OF_A_PART):
                two.faults("datagram", broken)
            assert reopened == [None]
            assert two.driver.udp.port == port
            answer = await one.ask(two.identity.public, coap.FETCH, ["time"])
            assert answer.code == codes.CONTENT
            assert not two.broken

    run(main)


def test_a_storm_of_faults_ends_the_events_with_a_reason(start):
    async def main():
        async with start("one") as one:
            with one.events() as events:
                for n in range(MANY):
                    assert not one.broken
                    one.faults(f"request {n}", broken)
                assert [event async for event in events] == []
            assert one.broken.startswith(f"{MANY} faults within 60 s, the last: request")

    run(main)


def test_a_peer_of_mesh_up_begins_anew_and_says_why_and_then_the_process_ends(
    tmp_path, monkeypatch
):
    peers = []
    make = own_peer.made

    def made(*given):
        peers.append(make(*given))
        return peers[-1]

    monkeypatch.setattr(own_peer, "made", made)
    monkeypatch.setattr(daemon, "PAUSE_S", 0)
    rows = []

    async def main():
        async for row in daemon.serve(own_peer.Choices(tmp_path, [HOST], 0, None)):
            rows.append(row)
            if row["event"] == "up":
                for _ in range(MANY):
                    peers[-1].faults("request", broken)

    with pytest.raises(Failure, match="restarted 3 times: 32 faults") as ended:
        run(main)
    assert ended.value.exit_code == FAULTY
    starts = [row["event"] for row in rows if row["event"] in ("up", "restarted")]  # others come
    assert starts == ["up", "restarted", "up", "restarted", "up"]
    count, why = peers[-1].node.peer.more["resets"]
    assert (count, why) == (2, peers[-1].broken)
    assert len({peer.home.boots for peer in peers}) == 3, "each is another start"
