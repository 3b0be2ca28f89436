"""Two boards, nobody else: each layer of discovery by itself, with port 5353 free and taken."""

import pytest

DNS_SD, QUERY, GROUP = ["dns-sd"], ["query"], ["group"]
ALL = [*DNS_SD, *QUERY, *GROUP]


def start(board, name, namespace, layers, **settings):
    discovery = {"layers": layers, "interface": "127.0.0.1"}
    one = board(name, wrap=namespace.wrap, name=name, discovery=discovery, **settings)
    return one.start()


def meet(a, b):
    """Wait until each has found the other; how."""
    ids = [one.wait("joined")["id"] for one in (a, b)]
    return {a.wait("found", peer=ids[1])["how"], b.wait("found", peer=ids[0])["how"]}


def test_dns_sd(board, namespace):
    a, b = (start(board, name, namespace, DNS_SD) for name in "ab")
    assert a.wait("joined")["how"] == "dns-sd"
    assert "mdns" in meet(a, b)


def test_a_goodbye_is_looked_into(board, namespace):
    quick = {"ack_timeout_ms": 100, "check_ms": 3_600_000}
    a = start(board, "a", namespace, DNS_SD, limits=quick)
    a.wait("joined")  # so that it hears the first announcement: a second one comes a second later
    b = start(board, "b", namespace, DNS_SD, limits=quick)
    meet(a, b)
    assert b.stop() == 0, b.console
    assert a.wait("lost", peer=b.events("joined")[0]["id"])


def test_one_shot_queries_find_a_responder(board, namespace):
    a = start(board, "a", namespace, DNS_SD)
    b = start(board, "b", namespace, QUERY)
    assert b.wait("joined")["how"] == "query"
    assert "query" in meet(a, b)


@pytest.mark.parametrize("taken", [False, True])
def test_the_coap_group(board, namespace, taken):
    if taken:
        namespace.take_5353()
    a, b = (start(board, name, namespace, GROUP) for name in "ab")
    assert "group" in meet(a, b)


def test_two_boards_whose_port_5353_is_taken(board, namespace):
    namespace.take_5353()
    a, b = (start(board, name, namespace, ALL) for name in "ab")
    assert a.wait("joined")["how"] == "query"
    assert "group" in meet(a, b)


@pytest.mark.parametrize("taken", [False, True])
def test_all_layers_together(board, namespace, taken):
    if taken:
        namespace.take_5353()
    a, b = (start(board, name, namespace, ALL) for name in "ab")
    assert meet(a, b) & {"mdns", "group", "query"}


@pytest.mark.parametrize("taken", [False, True])
def test_a_given_address(board, namespace, taken):
    if taken:
        namespace.take_5353()
    a = start(board, "a", namespace, [])
    joined = a.wait("joined")
    assert joined["how"] == "none"
    b = start(board, "b", namespace, [], peers=[{"address": joined["address"]}])
    assert "given" in meet(a, b)


def test_the_last_address_that_worked(board, namespace):
    a = start(board, "a", namespace, [], port=5683)
    given = [{"id": a.wait("joined")["id"], "address": "127.0.0.1"}]
    b = start(board, "b", namespace, [], peers=given)
    meet(a, b)
    assert b.stop() == 0, b.console
    b = start(board, "b", namespace, [])
    assert b.wait("found", peer=given[0]["id"])["how"] == "last"


def test_a_third_is_introduced(board, namespace):
    a = start(board, "a", namespace, [])
    given = [{"address": a.wait("joined")["address"]}]
    b = start(board, "b", namespace, [], peers=given)
    meet(a, b)
    c = start(board, "c", namespace, [], peers=given)
    assert "peers" in meet(b, c)


def test_a_port_that_is_taken_is_told(board, namespace):
    a = start(board, "a", namespace, [], port=5683)
    a.wait("joined")
    b = start(board, "b", namespace, [], port=5683)
    assert b.wait_end() == 1
    assert "127.0.0.1:5683 cannot be used" in b.console
    assert a.is_running
