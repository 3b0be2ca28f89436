"""What is noted while the place of a fork is looked for goes with the feeds that it is of."""

from meshes import Mesh


def test_notes_of_feeds_that_are_gone_do_not_stay():
    mesh = Mesh(2)
    mesh.settle()
    node = mesh.nodes[0]
    (link,) = node.replicating.links.live()
    feeds, catching = node.peer.feeds, node.replicating.catching
    for number in range(100):
        author = number.to_bytes(32, "big")
        feeds.foreign[author] = feeds._new(author)
        link.fetching = False
        catching.dig(mesh.world.now, link, author, 5)
        assert author in catching._dug, number
        del feeds.foreign[author]
        mesh.world.run(1000)  # the question ends
    assert len(catching._dug) == 1, len(catching._dug)
