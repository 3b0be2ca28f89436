"""What a whole peer answers to CoAP as anybody may speak it: the right code, whatever its size."""

from attacking import Scene

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.blockwise import cut, shortened
from mesh.core.node import GROUP
from mesh.core.security.signed_client import request_for


def given(message, options):
    """Add raw options, in their order."""
    for number, value in options:
        at = len([n for n, _ in message.options if n <= number])
        message.options.insert(at, (number, value))


def asked(scene, code=coap.GET, path=("peer",), type=coap.CON, token=b"eve!", options=()):
    """What a stranger gets for a request with these raw options: a message, or None."""
    message = scene.numbered(request_for(code, list(path)))
    message.type = type
    message.token = token
    given(message, options)
    data = coap.build(message)
    replies = scene.arrive(data, silent=True)
    assert len(replies) < 2, replies
    if not replies:
        return None
    (reply,) = replies
    assert reply.token == token
    assert len(coap.build(reply)) <= 3 * len(data), (data, reply.code, reply.payload)
    assert reply.type == (coap.ACK if type == coap.CON else coap.NON)
    return reply


def both(scene, **request):
    """The code of the answer, the same to a confirmable and to another request."""
    got = [asked(scene, type=type, **request).code for type in (coap.CON, coap.NON)]
    assert got[0] == got[1], got
    scene.world.run(1000)  # of refusals there are only so many in a second
    return got[0]


def test_a_refusal_that_is_cut_keeps_its_code():
    scene = Scene().start()
    for token in (b"", b"1", b"eve!", b"12345678"):
        for path in ((), ("x",), ("nothing",), ("sensors", "x"), ("a" * 40,)):
            reply = asked(scene, path=path, token=token)
            assert reply.code == codes.NOT_FOUND, (path, token, reply.code)
            assert b"nothing here".startswith(reply.payload) or reply.payload == b"no such sensor"
            scene.world.run(1000)
    assert asked(scene, path=(), token=b"").payload == b"nothing", "twelve bytes are all there is"
    for code in (coap.PUT, coap.POST, coap.FETCH):
        assert both(scene, code=code, path=(), token=b"") == codes.UNAUTHORIZED


def test_texts_are_cut_between_characters():
    euros = "\u20ac" * 5
    for most in range(-3, 20):
        whole = min(5, max(most, 0) // 3)
        assert shortened(euros.encode(), most) == euros[:whole].encode(), most
    assert shortened(b"", -1) == b""
    for limit in range(4, 37):  # no block is that small
        message = coap.Message(codes.FORBIDDEN, euros.encode() * 4).add(coap.ECHO, b"e" * 12)
        data = cut(message, 0, 6, limit)
        part = coap.parse(data)
        assert len(data) <= limit and part.code == codes.FORBIDDEN, limit
        assert str(part.payload, "utf-8") == (euros * 4)[: len(part.payload) // 3], limit
        assert (part.get(coap.ECHO) is not None) == (limit >= 18), limit  # if there is room
    # what a machine reads is whole, or not there
    problem = coap.Message(codes.FORBIDDEN, b"\xa1\x20\x61x").add(coap.CONTENT_FORMAT, 257)
    assert not coap.parse(cut(problem, 0, 6, 8)).payload


def test_unknown_methods():
    scene = Scene().meet()
    for code in range(coap.DELETE, 32):
        for path in () if code == coap.FETCH else (("peer",), ("nothing",), ()):
            assert both(scene, code=code, path=path) == codes.NOT_ALLOWED, (code, path)
    for code in (coap.DELETE, 6, 7, 8, 31):
        for path in (["peer"], ["nothing"]):
            data = scene.signed(scene.ann_signs, code, path)
            (reply,) = scene.arrive(data, scene.at_ann)
            assert (reply.code, reply.uint(coap.CONTENT_FORMAT)) == (codes.NOT_ALLOWED, 18), code
    known = ((coap.PUT, ("actuators", "led")), (coap.POST, ("feeds",)), (coap.FETCH, ("peer",)))
    for code, path in known:  # whoever signs may use them
        assert both(scene, code=code, path=path) == codes.UNAUTHORIZED, code
    for code in (coap.PUT, coap.POST):  # not there, whoever asks
        assert both(scene, code=code, path=("peer",)) == codes.NOT_ALLOWED, code


def test_nobody_is_a_proxy_here():
    scene = Scene().start()
    for options in (
        [(35, b"coap://example.com/")],
        [(35, b"c" * 1034)],
        [(39, b"coap")],
        [(39, b"http"), (coap.URI_HOST, b"example.com")],
    ):
        for code in (coap.GET, coap.PUT, coap.DELETE, 9):
            assert both(scene, code=code, options=options) == codes.NO_PROXY, options
    assert asked(scene, options=[(35, b"")]).code == codes.BAD_OPTION, "too short: unrecognised"


def test_the_block_size_that_is_reserved():
    scene = Scene().start()
    for number in (coap.BLOCK1, coap.BLOCK2):
        for block in (0x07, 0x0F, 0x17, 0xFFFF7F, 0xFFFFFF):
            options = [(number, block.to_bytes(3, "big"))]
            assert both(scene, options=options) == codes.BAD_REQUEST, block
            assert both(scene, code=coap.PUT, options=options) == codes.BAD_REQUEST, block
    assert asked(scene, options=[(coap.BLOCK2, b"\6")]).code == codes.CONTENT


def test_options_of_others():
    scene = Scene().start()
    for options in (
        [(coap.URI_HOST, b"somebody.example")],
        [(coap.URI_HOST, b"x" * 255), (coap.URI_PORT, b"\xff\xff")],
        [(16, b"\x10")],  # Hop-Limit (RFC 8768) is for proxies
        [(16, b"")],
        [(2048, b"anything")],
        [(coap.CONTENT_FORMAT, b"\x27\x0f")],  # of a body that is not there
        [(coap.ETAG, b"")],
        [(coap.NO_RESPONSE, b"\x02\x02")],  # of two bytes it is none, and so an answer comes
        [(coap.MAX_AGE, b"12345")],
    ):
        reply = asked(scene, options=options)
        assert reply is not None and reply.code == codes.CONTENT, options
    for options in (
        [(1, b"")],  # If-Match
        [(1, b"etag")],
        [(5, b"")],  # If-None-Match
        [(9, b"")],  # OSCORE
        [(coap.URI_HOST, b"")],
        [(coap.URI_PORT, b"123")],
        [(coap.ACCEPT, b"\x32"), (coap.ACCEPT, b"\x32")],
        [(coap.BLOCK2, b"1234")],
        [(65001, b"")],
    ):
        assert asked(scene, options=options).code == codes.BAD_OPTION, options
        assert asked(scene, type=coap.NON, options=options) is None, options
        scene.world.run(1000)


def test_dots_and_empty_segments():
    scene = Scene().start()
    for path in (("..",), (".",), ("sensors", "..", "peer"), ("peer", ".")):
        assert both(scene, path=path) == codes.BAD_REQUEST, path
    for path in (("",), ("peer", ""), ("sensors", ""), ("", "peer"), ("actuators", ""), ("...",)):
        assert both(scene, path=path) == codes.NOT_FOUND, path


def test_observe_counts_once_and_in_three_bytes():
    scene = Scene().start()
    scene.ben.reading(scene.world.now, "temp", 20)
    temp = ("sensors", "temp")
    for options, watched in (
        ([(coap.OBSERVE, b"")], True),
        ([(coap.OBSERVE, b"\0\0\0")], True),
        ([(coap.OBSERVE, b""), (coap.OBSERVE, b"\1")], True),  # the second is ignored
        ([(coap.OBSERVE, b"\1"), (coap.OBSERVE, b"")], False),
        ([(coap.OBSERVE, b"\0\0\0\0")], False),
        ([(coap.OBSERVE, b"\0\0\0\0"), (coap.OBSERVE, b"")], False),
    ):
        reply = asked(scene, path=temp, options=options)
        assert reply.code == codes.CONTENT
        assert (reply.get(coap.OBSERVE) is not None) == watched, options
        asked(scene, path=temp, options=[(coap.OBSERVE, b"\1")])


def test_a_group_is_told_no_refusal():
    scene = Scene().start()
    for code, path, options in (
        (coap.DELETE, (".well-known", "core"), []),
        (9, (".well-known", "core"), []),
        (coap.GET, (".well-known", "core"), [(35, b"coap://x/")]),
        (coap.GET, (".well-known", "core"), [(39, b"coap")]),
        (coap.GET, (".well-known", "core"), [(coap.BLOCK2, b"\7")]),
        (coap.GET, (".well-known", "core"), [(1, b"")]),
        (coap.GET, ("..",), []),
        (coap.GET, ("nothing",), []),
    ):
        message = scene.numbered(request_for(code, list(path)))
        message.type = coap.NON
        given(message, options)
        heard = []
        scene.keep = lambda source, target, data, heard=heard: heard.append(target) or False
        assert not scene.arrive(coap.build(message), channel=GROUP)
        scene.world.run(2000)  # the leisure, after which a group is answered
        assert "10.6.6.6" not in [target[0] for target in heard], (code, options)
