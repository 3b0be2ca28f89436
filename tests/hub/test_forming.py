"""Desktop peers that form agreements by themselves, and answer for what their stores have."""

import contextlib

from hubs import run, until

from mesh.core import codes
from mesh.core import peer_id as ids
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.feed.chain import read_run
from mesh.core.limits import Limits
from mesh.core.relations import mark as marks
from mesh.core.relations import pact as pacts
from mesh.core.relations.agreements import IN_FORCE, OPEN
from mesh.core.relations.mark import YES
from mesh.core.relations.weighing import state_of
from mesh.hub.desktop_kit import make_kit
from mesh.hub.home.home import Home

KIT = make_kit()


def write(peer, kind, body):
    seq = peer.write(kind, body)
    return peer.node.peer.feeds.own.link_at(seq)


def invite(peer, other):
    """Found a circle, ask somebody in, and propose something that ends; the refs of these."""
    founding = write(peer, pacts.NAME, pacts.make(need=1, text="the seedlings live"))
    members = [peer.identity.public, other]
    body = pacts.make(
        within=founding, after=founding, add=[other], need=2,
        state=state_of(KIT, founding, members, 2),
    )  # fmt: skip
    version = write(peer, pacts.NAME, body)
    write(peer, marks.NAME, marks.make(version, YES))
    aim = write(peer, pacts.NAME, pacts.make(within=version, text="no fan", span=[0, 3600]))
    write(peer, marks.NAME, marks.make(aim, YES))
    return founding, version, aim


@contextlib.asynccontextmanager
async def two(start, tmp_path):
    """Ann, and bob who forms agreements with her; they know each other."""
    for name in ("ann", "bob"):
        if not (tmp_path / name).exists():
            with Home(tmp_path / name):
                pass
    public = {name: Home(tmp_path / name).peer_id() for name in ("ann", "bob")}
    relations = {name: [ids.to_text(public[name])] for name in public}
    async with (
        start("ann", relations=relations["bob"]) as ann,
        start("bob", relations=relations["ann"]) as bob,
    ):
        ann.node.candidate(ann.now(), public["bob"], bob.address, "given")
        ann.driver.settle()
        await ann.wait_for_peer(public["bob"])
        await bob.wait_for_peer(public["ann"])
        yield ann, bob


def test_what_was_accepted_runs_also_after_a_restart(start, tmp_path):
    refs = []

    async def first():
        async with two(start, tmp_path) as (ann, bob):
            refs.extend(invite(ann, bob.identity.public))
            facts = bob.relating.agreements
            await until(lambda: set(refs) <= set(facts.pacts))
            assert [facts.state(ref) for ref in refs] == [IN_FORCE, OPEN, OPEN]
            bob.relating.say(bob.now(), refs[1], YES)
            bob.relating.say(bob.now(), refs[2], YES)
            bob.driver.settle()
            await until(lambda: refs[2] in dict(bob.relating.running(bob.now())))
            await until(lambda: refs[2] in dict(ann.relating.running(ann.now())))

    async def second():
        async with start("bob", relations=[ids.to_text(refs[3])]) as bob:
            await until(lambda: refs[2] in dict(bob.relating.running(bob.now())))
            assert not bob.relating.recalling

    run(first)
    refs.append(Home(tmp_path / "ann").peer_id())
    run(second)


def test_without_the_setting_there_is_no_part_and_the_store_answers_all_the_same(start, tmp_path):
    async def main():
        small = Limits(tail=8, foreign_tail=8, head_ms=20)
        async with start("ann", limits=small) as ann, start("bob") as bob:
            assert bob.relating is None
            founding, version, aim = invite(ann, bob.identity.public)
            own = ann.node.peer.feeds.own
            for n in range(10):
                await until(lambda: not own.unkept)
                ann.write("x-note", n)
            await until(lambda: own.first_seq > 5)
            ann.node.peer.feeds.archive.flush()
            bob.node.candidate(bob.now(), ann.identity.public, ann.address, "given")
            bob.driver.settle()
            await bob.wait_for_peer(ann.identity.public)

            async def told(*items):
                answer = await bob.ask(
                    ann.identity.public, coap.FETCH, ["relations"], cbor.encode(list(items)), 60
                )
                if answer.code != codes.CONTENT:
                    return answer.error
                runs = [read_run(KIT, value, Limits()) for value in cbor.decode(answer.payload)]
                return {link for one in runs for link in one.links}

            assert {founding, version, aim} <= await told([ann.identity.public, 0])
            assert aim in await told(aim)
            assert await told(bytes(32)) == set()
            assert "no array" in await told(*[aim] * 9)
            assert "neither" in await told(aim[:8])

    run(main)


def test_the_setting_of_feeds_is_that_of_relations_too(start):
    async def main():
        async with start("ann", share={"/feeds": "nobody"}) as ann, start("bob") as bob:
            bob.node.candidate(bob.now(), ann.identity.public, ann.address, "given")
            bob.driver.settle()
            await bob.wait_for_peer(ann.identity.public)
            body = cbor.encode([bytes(32)])
            answer = await bob.ask(ann.identity.public, coap.FETCH, ["relations"], body, 60)
            assert answer.code == codes.FORBIDDEN

    run(main)
