"""What nobody signed is held against nobody: forged notifications, and lines that flip bits."""

from meshes import Mesh
from world import Random

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.events import PeerLost


class Line:
    """Two peers, of which one writes; `heard` is the last of what it sent the other."""

    def __init__(self):
        self.mesh = mesh = Mesh(2)
        mesh.settle()
        self.keeper, self.author = mesh.nodes
        self.at_keeper, self.at_author = mesh.addresses
        self.written = 0
        self.write()
        assert mesh.world.run(5000, self.all_known)
        self.notified = self.asked = None
        mesh.lose = self.listen
        mesh.world.run(2000)
        self.write()
        assert mesh.world.run(5000, lambda: self.notified is not None and self.all_known())
        mesh.forget()

    def listen(self, source, target, data):
        message = coap.parse(data)
        news = message.code == codes.CONTENT and message.get(coap.OBSERVE) is not None
        if source == self.at_author and news:
            self.notified = message
        if source == self.at_keeper and message.code == coap.FETCH:
            self.asked = message
        return False

    def write(self):
        self.written += 1
        self.mesh.write(self.author, self.written)

    def all_known(self):
        return self.mesh.knows(self.keeper, self.author)

    def tell(self, payload, type=coap.NON, code=codes.CONTENT, order=None, of=None):
        """Say something in the author's name, to what the keeper observes or asked last."""
        told = of or self.notified
        message = coap.Message(code, payload, type, told.mid + 77 & 0xFFFF, told.token)
        if type == coap.ACK:
            message.mid = told.mid
        if order is not None:
            message.add(coap.OBSERVE, told.uint(coap.OBSERVE) + order & 0xFFFFFF)
        message.add(coap.CONTENT_FORMAT, 60)
        self.mesh.world.inject(self.at_author, self.at_keeper, coap.build(message))

    def reset(self):
        """Say in the keeper's name that it does not know what the author tells."""
        data = coap.build(coap.Message(0, b"", coap.RST, self.notified.mid))
        self.mesh.world.inject(self.at_keeper, self.at_author, data)

    def attack(self, forge, every_ms=500):
        """For a minute something is forged again and again; what is written arrives all the same,
        and nobody is left alone.
        """
        mesh = self.mesh
        for n in range(60_000 // every_ms):
            if n % 10 == 0:
                assert mesh.world.run(8000, self.all_known), (n, "a reading did not arrive")
                self.write()
                mesh.world.drain()
            forge(n)
            mesh.world.run(every_ms)
        self.after(8000)
        contact = self.keeper.contacts.get(self.author.peer.id)
        assert not self.keeper.replicating.links._shunned
        assert not mesh.world.of(self.at_keeper, PeerLost)
        assert contact.refused == 0, "it signed nothing false"

    def after(self, ms):
        """All is known, so long after an attack, and a reading comes at once again."""
        assert self.mesh.world.run(ms, self.all_known), "not all was caught up"
        self.mesh.world.run(12_000)
        self.write()
        assert self.mesh.world.run(1100, self.all_known), "news are not told at once again"


def feeds_of(line):
    feed = line.author.peer.feeds.own
    return feed, cbor.decode(cbor.encode(feed.run(feed.first_seq, 900)))


def test_notifications_that_are_no_news():
    line = Line()
    line.attack(lambda n: line.tell((b"\xff", b"\xa0", b"", b"\x81\xf6")[n % 4], order=n % 3))


def test_notifications_with_runs_and_heads_that_do_not_hold():
    line = Line()

    def forge(n):
        _, run = feeds_of(line)
        if n % 3 == 0:
            run[4] = run[4][:-1] + b"x"
        elif n % 3 == 1:
            run[3][0] = run[3][0][:-1] + b"x"
        item = run if n % 3 < 2 else run[4][:-40] + bytes(40)
        line.tell(cbor.encode([item]), order=1)

    line.attack(forge)


def test_notifications_that_tell_of_what_nobody_has():
    line = Line()
    who = line.author.peer.id

    def forge(n):
        line.tell(cbor.encode([({who: 1 + n}, 1 << 60, {b"x" * 32: 5}, {who: 0})[n % 4]]), order=1)

    line.attack(forge)


def test_empty_notifications_with_numbers_far_ahead():
    line = Line()
    line.attack(lambda n: line.tell(cbor.encode([]), order=0x7FFFFF - n))


def test_ends_of_an_observation():
    line = Line()
    got = (codes.CONTENT, 0x84, 0xA3, codes.UNAUTHORIZED)
    line.attack(lambda n: line.tell(cbor.encode([]), code=got[n % 4]))


def test_answers_to_the_questions_that_are_put_now():
    """Whoever is faster than the author gives an answer that nobody signed."""
    line = Line()
    got = (codes.CONTENT, 0x84, codes.UNAUTHORIZED)
    seen = []

    def listen(source, target, data):
        line.listen(source, target, data)
        if source == line.at_keeper and data[1] == coap.FETCH and len(seen) % 2:
            asked = coap.parse(data)
            forged = coap.Message(got[len(seen) // 2 % 3], b"", coap.ACK, asked.mid, asked.token)
            line.mesh.world.flying.append(
                (line.mesh.world.now, 0, 0, line.at_author, source, coap.build(forged))
            )
        seen.extend([data] if data[1] == coap.FETCH else [])
        return False

    line.mesh.lose = listen
    line.attack(lambda n: n % 7 or line.tell(b"", order=1))
    assert len(seen) > 9, len(seen)


def test_a_hello_that_is_refused_by_others():
    """Of two questions in a row one is answered by who only listens, before the author can."""
    line = Line()
    node = line.keeper
    for n in range(40):
        node.contacts.schedule(node.contacts.get(line.author.peer.id), line.mesh.world.now)
        line.asked = None
        node.tick(line.mesh.world.now)
        line.mesh.world.drain()
        if line.asked is not None and n % 2:
            line.tell(b"no", coap.ACK, (0x84, codes.UNAUTHORIZED)[n // 2 % 2], of=line.asked)
            data = coap.build(coap.Message(0, b"", coap.RST, line.asked.mid))
            line.mesh.world.inject(line.at_author, line.at_keeper, data)
        line.mesh.world.run(500)
    assert not line.mesh.world.of(line.at_keeper, PeerLost)
    line.after(1100)


def test_resets_of_what_the_author_tells():
    line = Line()
    line.attack(lambda n: line.reset(), 100)


def test_a_reset_for_each_notification_as_it_is_sent():
    line = Line()
    sent = []

    def listen(source, target, data):
        line.listen(source, target, data)
        if source == line.at_author and data[1] == codes.CONTENT and data[0] >> 4 & 3 == coap.CON:
            sent.append(data)
            reset = coap.build(coap.Message(0, b"", coap.RST, data[2] << 8 | data[3]))
            line.mesh.world.flying.append(
                (line.mesh.world.now, 0, 0, line.at_keeper, line.at_author, reset)
            )
        return False

    line.mesh.lose = listen
    line.attack(lambda n: None)
    assert len(sent) > 5, sent


def test_a_line_that_flips_bits():
    line = Line()
    random = Random(7)
    mesh = line.mesh
    flips = []

    def flip(source, target, data):
        number = int.from_bytes(random(4), "big")
        if number % 3 == 0:
            flips.append(number)
            bit = number // 3 % (8 * len(data))
            changed = bytearray(data)
            changed[bit >> 3] ^= 1 << (bit & 7)
            world = mesh.world
            world.flying.append((world.now + 1, number, 0, source, target, bytes(changed)))
            return True
        return False

    mesh.lose = flip
    for _ in range(60):
        line.write()
        mesh.world.run(500)
    mesh.lose = lambda source, target, data: False
    assert len(flips) > 20, flips
    line.after(8000)
    assert not line.keeper.replicating.links._shunned
