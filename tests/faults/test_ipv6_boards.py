"""A board and a desktop that has IPv6 alone: they find each other without a group being joined."""

from members import host_name

SIX = {"layers": ["query", "group", "ipv6"]}
FOUR = {"layers": ["query", "group"]}


def test_a_desktop_with_ipv6_alone_finds_a_board(world, desktop, board):
    lan = world.switch()
    one = desktop("a", world.host(lan, None, ipv6=True), follow="*").start()
    host = world.host(lan, "10.1.0.2/24", ipv6=True)
    other = board("b", host, discovery=SIX).start()
    found = one.found(other)
    assert found["address"] == f"[{host.link_local('eth0')}%eth0]:5683"
    assert other.found(one)["how"] == "query"
    one.wait("reading", peer=other.id)
    assert not other.events("fault")
    one.stop()


def test_without_it_they_do_not_meet_and_the_desktop_says_why(world, desktop, board):
    lan = world.switch()
    one = desktop("a", world.host(lan, None, ipv6=True)).start()
    other = board("b", world.host(lan, "10.1.0.2/24", ipv6=True), discovery=FOUR).start()
    third = desktop("c", world.host(lan, "10.1.0.3/24", ipv6=True)).start()
    third.found(other)
    one.found(third)
    assert not one.events("found", peer=other.id)


def test_a_board_that_announces_itself_tells_its_ipv6_addresses_too(world, board, ears):
    lan = world.switch()
    link = ears(world.host(lan, "10.1.0.3/24", ipv6=True), "10.1.0.3")
    host = world.host(lan, "10.1.0.2/24", ipv6=True)
    one = board("b", host, discovery={"layers": ["dns-sd", "ipv6"]}).start()
    for address in ("10.1.0.2", host.link_local("eth0")):
        link.wait("record", of=host_name(one), address=address)
    assert not one.events("fault")
