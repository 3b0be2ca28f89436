"""What was measured comes to everybody, whatever happens to networks, processes and disks."""

import time

from ledger import agree, newest, settle

EVERY_S = 0.5  # between readings of all peers here


def test_readings_taken_while_cut_off_come_later(world, desktop, board):
    """Two halves of a home without each other; then one cable, and everybody has everything."""
    left, right = world.switch(), world.switch()
    cable = left.join(right)
    a = desktop("a", world.host(left, "10.1.0.1/24")).start()
    c = board("c", world.host(left, "10.1.0.3/24"), introduced_by=a.id).start()
    b = desktop("b", world.host(right, "10.1.0.2/24")).start()
    d = board("d", world.host(right, "10.1.0.4/24"), introduced_by=b.id).start()
    for one, other in ((a, d), (b, c), (a, b), (b, a), (c, d)):
        one.found(other)
    agree([a, b], {one.id: 1 for one in (a, b, c, d)})
    cable.cut()
    began = time.time()
    for one, other in ((a, b), (a, d), (b, a), (b, c)):
        one.lost(other)
    cut_s = time.time() - began
    assert not set(newest([a], [b, d]).items()) & set(newest([b], [b, d]).items())
    cable.heal()
    books = settle(a, b, c, d)
    for author in (a, b, c, d):  # boards have their clock from who introduced them
        for book in books.values():
            assert book[author.id].taken_between(began, began + cut_s) >= cut_s / EVERY_S / 2


def test_every_process_is_killed_in_turn(world, desktop, board):
    """In the midst of writing: there are ten readings a second of each desktop."""
    lan = world.switch()
    hosts = [world.host(lan, f"10.1.0.{at}/24") for at in (1, 2, 3, 4)]
    often = {"sensors": {"uptime": {"every_s": 0.1}}}
    desktops = [
        desktop(name, host, **often).start() for name, host in zip("ab", hosts, strict=False)
    ]
    boards = [board(name, host).start() for name, host in zip("cd", hosts[2:], strict=True)]
    everybody = desktops + boards
    agree(desktops, {one.id: 1 for one in everybody})
    for victim in everybody:
        others = [one for one in everybody if one is not victim]
        here = [one for one in desktops if one is not victim]
        victim.kill()
        # the others go on with each other as if nothing was
        agree(here, {who: seq + 5 for who, seq in newest(here, others).items()}, others)
        victim.start()
        agree(desktops, {who: seq + 5 for who, seq in newest(here, everybody).items()}, boards)
    settle(*everybody)


def test_killed_again_and_again(world, desktop):
    """A desktop that is cut off five times while it writes keeps what it had, and goes on."""
    lan = world.switch()
    often = {"sensors": {name: {"kind": "uptime", "every_s": 0.1} for name in "pqrstu"}}
    a, b = (
        desktop(name, world.host(lan, f"10.1.0.{at}/24"), **often).start()
        for at, name in enumerate("ab", 1)
    )
    agree([a, b], {a.id: 1, b.id: 1})
    for _ in range(5):
        held = newest([a], [a, b])
        agree([a], {who: seq + 5 for who, seq in held.items()})
        held = newest([a], [a, b])
        a.kill()
        after = newest([a], [a, b])
        assert all(after[who] >= held[who] for who in held)
        a.start()
    settle(a, b)


def test_a_full_disk(world, desktop, board, small_disk):
    """Whoever cannot write says so, goes on with others, and catches up when there is room."""
    lan = world.switch()
    hosts = [world.host(lan, f"10.1.0.{at}/24") for at in (1, 2, 3, 4)]
    small_disk("a")
    small_disk("c")
    a, b = (desktop(name, host).start() for name, host in zip("ab", hosts, strict=False))
    c = board("c", hosts[2], sensors={"uptime": {"every_s": 0.1}}).start()
    d = board("d", hosts[3]).start()
    agree([a, b], {one.id: 1 for one in (a, b, c, d)})
    ballast = fill(a.home)
    a.wait_text("nothing that was kept is lost")
    # those with room go on with each other, and who has none answers still
    agree([b], {who: seq + 4 for who, seq in newest([b], [b, c, d]).items()})
    assert newest([a], [b])[b.id] < newest([b], [b])[b.id]
    assert b.mesh("read", "a/uptime")[0]["verified"] is True
    ballast.unlink()
    ballast = fill(c.folder)
    while "unpublished" not in (about := b.mesh("show", "c")["about"]):
        time.sleep(0.5)  # it writes to what it had of the disk, for some seconds; and it
        # checks no more signatures for one asker than its limits say: commands come faster
    ballast.unlink()
    assert about["unpublished"][0] > 0
    settle(a, b, c, d)


def fill(folder):
    """Write until there is no room; the file that has it."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return ballast
