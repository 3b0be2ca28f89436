"""What a proven sender may cost: signatures that are checked and made are counted."""

from attacking import ANN, AT_EVE, EVE, Scene
from world import make_identity, make_kit

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.message import parse
from mesh.core.discovery.contact import UP, Contact
from mesh.core.errors import RemoteError
from mesh.core.events import PeerLost
from mesh.core.limits import Limits
from mesh.core.node import COAP
from mesh.core.rate import Bucket
from mesh.core.security.budget import BURST_S, FAILED, Budgets
from mesh.core.security.seal import seal_request
from mesh.core.security.signed_client import request_for

TOO_MANY = 0x9D


class Empty:
    """A bucket with nothing in it."""

    def take(self, now_ms, count=1):
        return False

    def owe(self, count):
        pass


NONE = Empty()


def kept(bucket, now_ms, count=1000):
    """How many of so many at once are let through."""
    return [bucket.take(now_ms) for _ in range(count)].count(True)


def test_a_bucket_fills_again_and_what_is_owed_is_paid_first():
    bucket = Bucket(4, BURST_S)
    assert kept(bucket, 0) == 4 * BURST_S
    assert kept(bucket, 250) == 1
    assert kept(bucket, 10_000_000) == 4 * BURST_S
    assert not bucket.take(10_000_000)
    assert bucket.take(10_000_250, FAILED)
    assert not bucket.take(10_000_500)
    assert not bucket.take(10_000_750)
    assert not bucket.take(10_001_000)
    assert bucket.take(10_001_250)


def contact(number, **what):
    found = Contact(bytes([number]) * 32, 0)
    found.linked = what.get("linked", False)
    return found


def paid(purses, now_ms, who, count=1000):
    for n in range(count):
        try:
            purses.pay(now_ms, who)
        except RemoteError as error:
            assert error.code == TOO_MANY
            return n
    return count


def test_each_contact_has_a_budget_and_others_share_one():
    limits = Limits()
    chosen = contact(3)
    purses = Budgets(limits, chosen.peer)
    rest = limits.proven_per_s // 2 * BURST_S
    own = limits.proven_per_s * BURST_S
    assert paid(purses, 0, None) == rest
    assert paid(purses, 0, None) == 0
    assert [paid(purses, 0, contact(n)) for n in (10, 11, 12, 13)] == [own, own, 0, 0], "together"
    friend = contact(2, linked=True)
    assert paid(purses, 0, friend) == own, "whoever else was asking before"
    assert paid(purses, 0, chosen) == own
    second = limits.proven_per_s
    assert paid(purses, 1000, None) == second // 2
    assert paid(purses, 1000, friend) == second
    assert paid(purses, 1000, chosen) == second


def test_what_fails_costs_the_share_of_all_and_not_whose_address_it_names():
    limits = Limits()
    purses = Budgets(limits, None)
    friend = contact(2, linked=True)
    for _ in range(100):
        purses.failed()
    assert paid(purses, 0, None) == 0
    assert paid(purses, 0, friend) == limits.proven_per_s * BURST_S


class Asked:
    """Eve, who answered once as anybody can, asks Ben as fast as she can; Ann as ever."""

    def __init__(self, scene):
        self.scene = scene
        self.eve = make_identity(EVE)
        self.kit = make_kit(EVE)
        self.mid = 0

    def ask(self, source=AT_EVE, broken=False):
        """The code of the answer to one valid question, or 0 if there is none."""
        scene = self.scene
        message = request_for(coap.FETCH, ["peer"])
        seal_request(self.kit, self.eve, scene.ben.peer.id, message, None, b"")
        if broken:
            message.payload = message.payload[:-4] + b"\1\2\3\4"
        self.mid += 1
        message.mid = self.mid & 0x7FFF
        message.token = self.mid.to_bytes(3, "big")
        message.type = coap.NON
        scene.ben.receive(scene.world.now, COAP, source, coap.build(message))
        code = 0
        while (out := scene.ben.next_send()) is not None:
            if out[1] == source:
                code = parse(out[2]).code
            else:
                scene.world.send(scene.at_ben, out[1], out[2])
        return code


def met(scene, source=AT_EVE):
    scene.ben.endpoint.prove(source)
    return Asked(scene)


def test_a_proven_sender_gets_its_part_and_is_told_when_to_come_back():
    scene = Scene().meet()
    eve = met(scene)
    got = [eve.ask() for _ in range(400)]
    assert got[0] == codes.CONTENT
    most = Limits.proven_per_s // 2 * BURST_S
    assert got.count(codes.CONTENT) == most, got.count(codes.CONTENT)
    refusals = got.count(TOO_MANY)
    assert 0 < refusals <= Limits.unsigned_per_s, refusals
    assert got.count(0) == 400 - most - refusals, "the rest are dropped"
    before = scene.ben.peer.verified
    scene.exchange()
    assert scene.ben.peer.verified > before
    while eve.ask() == codes.CONTENT:
        pass  # what came back meanwhile
    scene.world.now += 2000
    assert [eve.ask() for _ in range(40)].count(codes.CONTENT) == Limits.proven_per_s


def test_max_age_says_when_to_come_back():
    scene = Scene().meet()
    eve = met(scene)
    sent = []
    receive = scene.ben.endpoint._out

    for _ in range(60):
        message = request_for(coap.FETCH, ["peer"])
        seal_request(eve.kit, eve.eve, scene.ben.peer.id, message, None, b"")
        eve.mid += 1
        message.mid, message.token, message.type = eve.mid, b"t", coap.NON
        scene.ben.receive(scene.world.now, COAP, AT_EVE, coap.build(message))
        while (out := scene.ben.next_send()) is not None:
            sent.append(parse(out[2]))
    assert not receive
    refused = [m for m in sent if m.code == TOO_MANY]
    assert refused
    assert {m.uint(coap.MAX_AGE) for m in refused} == {1}


def test_many_proven_ports_have_no_more_than_one():
    scene = Scene().meet()
    eve = Asked(scene)
    good = 0
    for port in range(1000, 1040):
        source = (AT_EVE[0], port)
        scene.ben.endpoint.prove(source)
        good += [eve.ask(source) for _ in range(20)].count(codes.CONTENT)
    assert good == Limits.proven_per_s // 2 * BURST_S, good
    scene.exchange()


def test_what_fails_costs_more():
    scene = Scene().meet()
    eve = met(scene)
    before = scene.ben.peer.refused
    for _ in range(200):
        eve.ask(broken=True)
    checked = Limits.proven_per_s // 2 * BURST_S // (FAILED + 1) + 1
    assert scene.ben.peer.refused - before == 200
    assert eve.ask() in (TOO_MANY, 0)
    got = []
    for _ in range(100):
        scene.world.now += 1000
        got.append(eve.ask(broken=True))
    assert got.count(codes.UNAUTHORIZED) <= 100 * Limits.proven_per_s // 2 // FAILED + checked
    scene.exchange()


def test_forged_ones_from_a_known_address_do_not_silence_whoever_is_there():
    scene = Scene().meet()
    eve = Asked(scene)
    for _ in range(20):
        for _ in range(3):
            eve.ask(source=scene.at_ann, broken=True)
        scene.world.now += 1000
        scene.exchange()
    assert make_identity(ANN).public == scene.ann.peer.id


def test_who_is_followed_or_introduced_us_is_answered_whatever_others_ask():
    scene = Scene().meet()
    eve = met(scene)
    for _ in range(60):
        for _ in range(30):
            eve.ask()
        scene.world.now += 250
        scene.exchange()


def test_who_has_too_much_to_do_is_not_lost():
    scene = Scene(proven_per_s=1).meet()
    contact = scene.ann.contacts.get(scene.ben.peer.id)
    told = len(scene.world.of(scene.at_ann, PeerLost))
    for _ in range(100):
        contact = scene.ben.contacts.get(scene.ann.peer.id)
        contact._purse = scene.ben.gate.purses._rest = NONE
        scene.world.run(1000)
    assert contact.state == UP
    assert len(scene.world.of(scene.at_ann, PeerLost)) == told


def test_who_has_too_much_to_do_for_a_newcomer_is_asked_again():
    scene = Scene()
    rest = scene.ben.gate.purses._rest
    checks = scene.ben.gate._checks
    scene.ben.gate.purses._rest = scene.ben.gate._checks = NONE
    scene.start()
    scene.world.run(10_000)
    assert scene.ann.contacts.get(scene.ben.peer.id) is not None
    scene.ben.gate.purses._rest, scene.ben.gate._checks = rest, checks
    scene.world.run(10_000)
    assert scene.ann.contacts.get(scene.ben.peer.id).state == UP


def test_signing_for_anybody_has_a_rate_too():
    """A plain GET with Accept 18 costs a signature, and needs none."""
    scene = Scene().meet()
    got = []
    for n in range(100):
        message = request_for(coap.GET, ["peer"])
        message.add(coap.ACCEPT, 18)
        message.mid, message.token, message.type = n, b"p", coap.NON
        scene.ben.receive(scene.world.now, COAP, AT_EVE, coap.build(message))
        while (out := scene.ben.next_send()) is not None:
            got.append(parse(out[2]).code)
    assert got.count(codes.CONTENT) <= Limits.proven_per_s // 2 * BURST_S
    assert got.count(TOO_MANY) <= Limits.unsigned_per_s
    scene.exchange()
