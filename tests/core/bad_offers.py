"""Offers of runs that are not as they should be."""

from attacking import AT_EVE, weigh

from mesh.core.coap import message as coap
from mesh.core.feed.feed import genesis, make_entry, next_link, seal_head


def settle(scene, weight=None):
    """They still exchange; and hold no more than before."""
    scene.world.run(30_000)
    scene.exchange()
    held = weigh(scene.ann, scene.ben)
    assert weight is None or held < weight + 8000, (weight, held)
    return held


def run_of(scene, author, first, size=4, count=1):
    """A run of an author, from a seq on."""
    link = before = genesis(scene.kit, author.public) if first == 1 else bytes(32)
    entries = []
    for seq in range(first, first + count):
        entries.append(make_entry(scene.kit, seq, [0, 1, 2, None], "note", "x" * size))
        link = next_link(scene.kit, link, entries[-1])
    return [author.public, first, before, entries, seal_head(author, seq, link)]


def offer(scene, runs):
    """Eve offers runs to Ann, with an Echo if need be; the code of the answer."""
    to_ann = {"recipient": scene.ann.peer.id}
    for _ in range(2):
        data = scene.signed(scene.eve, coap.POST, ["feeds"], runs, **to_ann)
        (reply,) = scene.arrive(data, AT_EVE, scene.at_ann)
        if reply.get(coap.ECHO) is None:
            break
        to_ann["echo"] = reply.get(coap.ECHO)
    return reply.code
