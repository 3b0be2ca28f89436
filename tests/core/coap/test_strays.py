"""Boards hear the group and what is sent to them alone by one socket: other protocols of the group
get no word from them (RFC 7252 s.8.2), and whoever means them is answered as before.
"""

from world import World

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.node import MIXED

BOARD = ("10.0.0.1", 5683)
STRANGER = ("10.0.0.77", 5683)


def request(type, code, path, options=(), payload=b"", **more):
    """A datagram; `path` as people write it; `more`: token, mid."""
    message = coap.Message(code, payload, type, **more)
    for part in path.split("/")[1:]:
        message.add(coap.URI_PATH, part)
    for number, value in options:
        message.add(number, value)
    return coap.build(message)


# As public descriptions have them: CoIoT for Shelly devices (rev 1.0): a status is sent to the
# group, NON, with code 0.30 and options of its own; OCF Core 2.2 s.11.2: /oic/res with Accept
# 10000 and the critical option 2049; some clients ask for it confirmably; RFC 9176 s.4.1 (LwM2M
# too); Thread's management; newtmgr over OIC.
COIOT = [(3332, "SHSW-25#A4CF12F45C1B#2"), (3412, b"\x00\x9e"), (3420, b"\x25\x02")]
STATUS = b'{"G":[[0,9103,0],[0,1101,0],[0,1201,1],[0,4101,0.00],[0,3104,41.31]]}'
OCF = [(coap.ACCEPT, 10000), (2049, b"\x08\x00")]
STRAYS = {
    "CoIoT status": request(coap.NON, 30, "/cit/s", COIOT, STATUS),
    "CoIoT description": request(coap.NON, coap.GET, "/cit/d", token=b"t"),
    "OCF discovery": request(coap.NON, coap.GET, "/oic/res", OCF, token=b"12345678"),
    "OCF without versions": request(coap.NON, coap.GET, "/oic/res", [(coap.URI_QUERY, "rt=x")]),
    "OIC discovery, confirmable": request(coap.CON, coap.GET, "/oic/res", mid=0),
    "OCF discovery, confirmable": request(coap.CON, coap.GET, "/oic/res", OCF, token=b"12345678"),
    "IoTivity onboarding": request(
        coap.NON, coap.GET, "/oic/sec/doxm", [(coap.URI_QUERY, "Owned=FALSE")], token=b"1234"
    ),
    "LwM2M registration": request(
        coap.CON, coap.POST, "/rd", [(coap.URI_QUERY, "ep=x"), (coap.URI_QUERY, "lt=60")], b"</1>"
    ),
    "LwM2M bootstrap": request(coap.NON, coap.POST, "/bs", [(coap.URI_QUERY, "ep=x")]),
    "Thread address query": request(coap.NON, coap.POST, "/a/aq", payload=b"\x00\x10" + bytes(16)),
    "newtmgr": request(coap.NON, coap.PUT, "/omgr", [(coap.CONTENT_FORMAT, 60)], b"\xa0"),
    "root": request(coap.NON, coap.GET, ""),
    "an own path that is not there": request(coap.NON, coap.GET, "/sensors/nothing"),
    "a write": request(coap.NON, coap.PUT, "/actuators/led", payload=b"\xf5"),
    "an unknown critical option": request(coap.NON, coap.GET, "/peer", [(2049, b"\x08\x00")]),
    "a proxy": request(coap.NON, coap.GET, "/x", [(coap.PROXY_SCHEME, "coap")]),
    "a later block": request(coap.NON, coap.GET, "/peer", [(coap.BLOCK2, 0x10)]),
    "a notification": request(
        coap.NON, codes.CONTENT, "", [(coap.OBSERVE, 5)], b"x", token=b"tok"
    ),
    "no CoAP": b"\x49\x01\x00\x01zzz",
}


def board():
    """A node at BOARD, and what it sends to a stranger's datagram."""
    world = World()
    node, at = world.add(1)
    node.add_sensor("warm", "Cel")
    node.reading(world.now, "warm", 20)
    assert at == BOARD

    def told(data):
        found = []
        node.receive(world.now, MIXED, STRANGER, data)
        for _ in range(40):
            while (sending := node.next_send()) is not None:
                found.append(coap.parse(sending[2]))
            world.now += 500
            node.tick(world.now)
        return found

    return node, told


def test_other_protocols_in_the_group_get_no_reset():
    for name in sorted(STRAYS):
        node, told = board()
        assert told(STRAYS[name]) == [], name
        assert node.peer.refused == 0, name


def test_requests_for_this_board_are_answered():
    _, told = board()
    for type in (coap.CON, coap.NON):
        assert [m.code for m in told(request(type, coap.GET, "/time", mid=type))] == [
            codes.CONTENT
        ]
    for path, code in (("/sensors/nothing", codes.NOT_FOUND), ("/.well-known/x", codes.NOT_FOUND)):
        assert [m.code for m in told(request(coap.CON, coap.GET, path, mid=len(path)))] == [code]
    told_off = told(request(coap.CON, coap.PUT, "/actuators/led", mid=99))
    assert [m.code for m in told_off] == [codes.UNAUTHORIZED]
    # what is signed, though not well, is ours whatever its type
    signed = [(coap.CONTENT_FORMAT, 18)]
    assert told(request(coap.NON, coap.FETCH, "/peer", signed, b"\x80", mid=101))[0].code >> 5 == 4
    assert [m.type for m in told(b"\x40\0\0\1")] == [coap.RST]


def test_who_is_known_hears_of_errors_too():
    node, told = board()
    node.endpoint.prove(STRANGER)
    for name in ("OCF without versions", "root", "a write", "an own path that is not there"):
        assert [m.code >> 5 for m in told(STRAYS[name])] == [4], name
        node.endpoint.seen.clear()
    assert [m.type for m in told(STRAYS["a notification"])] == [coap.RST]
