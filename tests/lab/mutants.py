"""Cores with one safeguard missing each: the simulator has to notice every one of them."""

from mesh.core.coap.endpoint import Endpoint
from mesh.core.discovery.contact import Contact
from mesh.core.discovery.contacts import Contacts
from mesh.core.errors import RemoteError
from mesh.core.feed import feeds
from mesh.core.feed.feed import Feed
from mesh.core.full import witnessed
from mesh.core.full.trail import Trail
from mesh.core.full.turns import Turns
from mesh.core.limits import Limits
from mesh.core.policy.access import Access
from mesh.core.policy.retention import Interest
from mesh.core.replication.replicator import Replicator
from mesh.core.replication.rollback import Rollback
from mesh.core.replication.round_robin import RoundRobin
from mesh.core.security.replay import Freshness
from mesh.lab.simulate import keys


def no_signatures(patch):
    """Every signature is taken for right."""
    patch.setattr(keys, "_verify", lambda public, signature, data: True)


def sign_before_keep(patch):
    """A head is signed over entries that are not on the disk yet."""
    patch.setattr(Feed, "unkept", property(lambda feed: 0))


def no_cap_of_contacts(patch):
    """Whoever is heard of is noted."""

    def insert(contacts, now_ms, peer):
        contact = contacts.table[peer] = Contact(peer, now_ms)
        contacts.schedule(contact, now_ms)
        return contact

    patch.setattr(Contacts, "_insert", insert)


def no_replay_windows(patch):
    """Whatever is signed is new."""
    patch.setattr(Freshness, "accept", lambda *_: None)


def no_rights(patch):
    """Everybody may set everything."""
    patch.setattr(Access, "check_set", lambda *_: None)


def no_retransmission(patch):
    """What is lost is lost."""
    patch.setattr(Limits, "max_retransmit", 0)


def a_crash_by_garbage(patch):
    """A message of a code that nobody uses ends the process."""
    receive = Endpoint.receive

    def fall(endpoint, now_ms, source, data, group=False):
        if len(data) > 8 and data[0] >> 4 == 7:
            raise ValueError("what is this?")
        receive(endpoint, now_ms, source, data, group)

    patch.setattr(Endpoint, "receive", fall)


def no_memory_of_answers(patch):
    """Every request of a stranger is remembered, and none forgotten."""

    def remember(endpoint, now_ms, ticket):
        ticket.until = now_ms + endpoint.limits.exchange_lifetime_ms
        endpoint.seen[ticket.key] = ticket

    patch.setattr(Endpoint, "_remember", remember)


def links_left_alone(patch):
    """Links are chosen in the beginning, and not mended after that."""
    tick = Replicator.tick

    def tick_at_first(replicating, now_ms):
        replicating.due_ms = None
        if now_ms < 10_000:
            tick(replicating, now_ms)

    patch.setattr(Replicator, "tick", tick_at_first)


def everybody_votes(patch):
    """The time is what anybody says, whoever it is."""
    patch.setattr(Interest, "vouched", lambda *_: True)


def punished_for_others(patch):
    """Whoever seems to tell what is not true is left alone, whether he signed it or not."""
    patch.setattr(Replicator, "_doubted", Replicator.lied)


def room_for_whoever_comes(patch):
    """A full table forgets anybody, also whom it was told to follow."""
    patch.setattr(Interest, "wants", lambda *_: 1)
    patch.setattr(Contacts, "pin", lambda *_: None)


def nobody_has_its_turn(patch):
    """What others wrote is heard from links only, whoever they are and whatever they withhold."""
    patch.setattr(RoundRobin, "tick", lambda *_: None)


def nobody_is_asked(patch):
    """Who starts goes on where its disk says, whatever others hold of its feed."""
    patch.setattr(Rollback, "wait", lambda *_: None)
    patch.setattr(Rollback, "told", lambda *_: None)


def no_order_of_changes(patch):
    """Changes are sent at once, and made in whatever order they come."""
    accept = Freshness.accept
    patch.setattr(Freshness, "accept", lambda *args: accept(*args[:5]))
    patch.setattr(Turns, "add", lambda turns, now_ms, peer, send: send(now_ms))


def only_what_is_understood(patch):
    """An entry with more in it than this version knows is none, and neither is its run."""
    walk = feeds.walk

    def strict(kit, value, limits):
        run = walk(kit, value, limits)
        if any(len(kit.decode(entry)) != 4 for entry in run.entries):
            raise RemoteError("not an entry")
        return run

    patch.setattr(feeds, "walk", strict)


def nobody_is_a_witness(patch):
    """A feed that forked ends at the fork, whoever had seen how much of it."""
    patch.setattr(witnessed, "agreed", lambda *_: [])


def whoever_gives_it_is_believed(patch):
    """Any run is taken for one that leads to what was witnessed."""

    def leads(trail, run):
        if trail.low < run.first:
            return []
        trail.head = trail.head or run.head
        trail.reached(run.first - 1, run.before)
        return [run]

    patch.setattr(Trail, "leads", leads)


# the mutant, the words in which it is told, the liar that it takes, if any, and a seed that showed
# it: that is tried first, and others if it shows it no more
MUTANTS = [
    (no_signatures, "only what its author signed", "forger", 0),
    (sign_before_keep, "nothing acknowledged is lost", "", 0),
    (no_cap_of_contacts, "memory stays within the caps", "stranger", 0),
    (no_replay_windows, "a wish is done once", "replayer", 0),
    (no_rights, "only who may sets a lamp", "clone", 0),
    (no_retransmission, "the honest go on at the speed they had", "", 20),
    (a_crash_by_garbage, "nothing ends a peer", "flooder", 0),
    (no_memory_of_answers, "memory stays within the caps", "", 0),
    (links_left_alone, "the honest agree in the end", "", 0),
    (nobody_is_asked, "nothing acknowledged is lost", "", 11),
    (everybody_votes, "strangers set nobody's clock", "false clock", 0),
    (punished_for_others, "the honest are not left alone", "notifier", 0),
    (nobody_has_its_turn, "the honest agree in the end", "sybils", 194),
    (only_what_is_understood, "the honest are not left alone", "", 0),
    (room_for_whoever_comes, "the honest agree in the end", "sybils", 64),
    (nobody_is_a_witness, "the past stays", "thief", 14),
    (whoever_gives_it_is_believed, "the past stays", "thief", 14),
    (no_order_of_changes, "wishes are done in their order", "", 16),
]
