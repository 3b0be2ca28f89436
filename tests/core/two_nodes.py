"""Two nodes that met, and questions between them."""

from world import World

from mesh.core.events import Answer


def two(first=None, second=None, **limits):
    """Two nodes that know of each other by hand."""
    world = World()
    a, at_a = world.add(1, first, **limits)
    b, at_b = world.add(2, second, **limits)
    a.add_sensor("temp", "Cel")
    b.add_sensor("temp", "Cel")
    a.start(world.now, False)
    b.start(world.now, False)
    a.candidate(world.now, b.peer.id, at_b, "given")
    return world, a, at_a, b, at_b


def ask(world, node, address, peer, message, payload=b""):
    number = node.ask(world.now, peer, message, 60 if payload else None, payload)

    def found():
        return [e for e in world.of(address, Answer) if e.number == number]

    assert world.run(60_000, found), "no answer came"
    return found()[-1]
