"""What any peer wrote reaches every peer that keeps it: few and many, late, lossy, cut in two."""

import gc

from author import Author
from meshes import Mesh

from mesh.core.events import Reading
from mesh.core.feed.chain import seal_head
from mesh.core.peer_id import to_text

if hasattr(gc, "threshold"):  # MicroPython: collect often, or what stays is strewn over the heap
    gc.threshold(2_000_000)


def test_few_know_within_one_round_trip():
    mesh = Mesh(4)
    mesh.settle()
    for n in range(5):
        for node in mesh.nodes:
            mesh.write(node, n)
        assert mesh.world.run(1010, lambda: not mesh.lacking()), mesh.lacking()
        mesh.world.run(2000)


def traffic(count):
    """Packets and bytes that each of so many sent while six of them wrote six times."""
    mesh = Mesh(count, links=2)
    mesh.settle(120_000)
    mesh.traffic.clear()
    began = mesh.world.now
    for n in range(6):
        for node in mesh.nodes[:6]:
            mesh.write(node, n)
        mesh.world.run(5000)
        mesh.forget()
    assert mesh.world.run(20_000, lambda: not mesh.lacking()), mesh.lacking()
    mesh.world.run(max(0, began + 60_000 - mesh.world.now))
    packets = [mesh.traffic[address][0] for address in mesh.addresses]
    sizes = [mesh.traffic[address][1] for address in mesh.addresses]
    return mesh, sum(packets) // count, sum(sizes) // count, max(sizes)


def test_many_know_by_a_few_links_each():
    """Packets in a minute grow with what is written, and not with how many are there."""
    few = traffic(6)[1:]
    mesh, *many = traffic(11)
    for node in mesh.nodes:
        assert len(node.replicating.links.table) <= 4 * node.limits.links
    assert many[0] < 2 * few[0], (few, many)


def test_a_newcomer_learns_from_anybody_what_the_oldest_knows():
    mesh = Mesh(3)
    for n in range(40):
        for node in mesh.nodes:
            mesh.write(node, n)
        mesh.world.run(1100)
    mesh.world.run(10_000, lambda: not mesh.lacking())
    gone = mesh.nodes[:2]
    for address in mesh.addresses[:2]:
        mesh.world.remove(address)
    late = mesh.join(9)
    assert mesh.world.run(60_000, lambda: mesh.knows(late, gone[0]) and mesh.knows(late, gone[1]))
    for author in gone:
        feed = late.peer.feeds.foreign[author.peer.id]
        assert feed.first_seq == author.peer.feeds.own.first_seq, "from the first one on"


def test_whose_entries_had_no_room_in_an_answer_is_asked_for_again():
    """All are told of at once by one that tells it once, and one answer is full with the first."""
    mesh = Mesh(5)
    for node in mesh.nodes[1:]:
        for n in range(100):
            mesh.write(node, n)
    keeper = mesh.nodes[0]
    assert mesh.world.run(
        60_000, lambda: False not in [mesh.knows(keeper, node) for node in mesh.nodes]
    )
    for address in mesh.addresses[1:]:
        mesh.world.remove(address)
    late = mesh.join(9, body=4096, graft_ms=1)
    gone = mesh.nodes[1:5]
    assert mesh.world.run(60_000, lambda: False not in [mesh.knows(late, one) for one in gone])


def test_what_was_written_while_cut_off_arrives_later():
    mesh = Mesh(6)
    mesh.settle()
    left = mesh.addresses[:3]
    mesh.lose = lambda source, target, data: (source in left) != (target in left)
    for n in range(30):
        for node in mesh.nodes:
            mesh.write(node, n)
        mesh.world.run(5000)
    assert mesh.lacking()
    mesh.lose = lambda source, target, data: False
    assert mesh.world.run(240_000, lambda: not mesh.lacking()), mesh.lacking()
    for node in mesh.nodes:
        for author in mesh.nodes:
            feed = node.peer.feeds.get(author.peer.id)
            assert feed.first_seq == author.peer.feeds.own.first_seq


def test_loss_delays_and_loses_nothing():
    mesh = Mesh(8)
    mesh.settle(120_000)
    dice = mesh.nodes[0].contacts._random
    mesh.lose = lambda source, target, data: dice(1)[0] < 40
    for n in range(10):
        for node in mesh.nodes:
            mesh.write(node, n)
        mesh.world.run(3000)
    assert mesh.world.run(180_000, lambda: not mesh.lacking()), mesh.lacking()


def test_a_board_hears_of_whom_it_follows_through_others():
    """The author is gone; a peer that keeps what all write tells the one that asks for it."""
    mesh = Mesh(2)
    mesh.settle()
    author, keeper = mesh.nodes
    mesh.write(author, 7)
    assert mesh.world.run(5000, lambda: mesh.knows(keeper, author))
    mesh.world.remove(mesh.addresses[0])
    mesh.settings = {"follow": [to_text(author.peer.id)]}
    board = mesh.join(5)
    assert mesh.world.run(60_000, lambda: mesh.knows(board, author))
    readings = mesh.world.of(mesh.addresses[-1], Reading)
    assert [event.value for event in readings] == [7]
    assert list(board.peer.feeds.foreign) == [author.peer.id], "and of nobody else"


def test_partial_tails_are_joined():
    """One has the end, another the beginning of what an author wrote that is gone."""
    author = Author(50)
    author.write(60, per_head=5)
    mesh = Mesh(2)
    ends = []
    for node, begin, last in ((mesh.nodes[0], 1, 40), (mesh.nodes[1], 31, 60)):
        node.peer.feeds._kit = author.kit  # its signatures are of another kind
        feed = node.peer.feeds._new(author.feed.author)
        node.peer.feeds.foreign[author.feed.author] = feed
        first = begin
        while first <= last:
            run = author.feed.run(first, 900)
            keep = min(len(run[3]), last + 1 - first)
            seq = first + keep - 1
            link = author.feed.link_at(seq)
            head = seal_head(author.identity, seq, link)
            feed.accept([run[0], first, run[2], run[3][:keep], head])
            first = seq + 1
        ends.append((feed.first_seq, feed.next_seq))
    assert ends == [(1, 41), (31, 61)]
    late = mesh.join(9)
    late.peer.feeds._kit = author.kit

    def whole():
        feed = late.peer.feeds.foreign.get(author.feed.author)
        return feed and (feed.first_seq, feed.next_seq) == (1, 61)

    assert mesh.world.run(120_000, whole), late.peer.feeds.foreign


if __name__ == "__main__":
    import sys

    for count in map(int, sys.argv[1:]):
        mesh, packets, size, most = traffic(count)
        links = [len(node.replicating.links.live()) for node in mesh.nodes]
        print(count, packets, size, most, min(links), sum(links) / count, max(links))
