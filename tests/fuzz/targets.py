"""What is fuzzed: for each parser a function of any bytes, which returns or fails.

A target calls its parser and takes only the errors that it may raise; what parses has to be
written to the same bytes again, or two parsers of the same thing have to agree. SEEDS gives each
some bytes to start from. Signatures count as right, so that what is behind them is reached too.
"""

import contextlib
import hashlib
import io
import json

import signers
import statements
from link import counting, label, peer_id, question, records, response
from making_feeds import Chain

from mesh.boards.cable import images
from mesh.core.coap import message as coap
from mesh.core.codec import cbor, senml, senml_reading
from mesh.core.discovery import dns
from mesh.core.discovery.dnssd import SERVICE, OneShot, instance
from mesh.core.discovery.mdns import Mdns
from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed import fork_proof
from mesh.core.feed.chain import claim, read_entry, read_wishes, walk
from mesh.core.feed.feed import Feed
from mesh.core.kit import Kit
from mesh.core.limits import Limits
from mesh.core.policy.settings import parse
from mesh.core.resources import bundle
from mesh.core.resources.setup_door import network
from mesh.core.security.code_proof import Code
from mesh.core.security.cose import header, protect, split
from mesh.core.security.seal import open_request, open_response, seal_representation, seal_request
from mesh.hub import fast_cbor as hub_cbor
from mesh.hub.failure import Failure
from mesh.hub.foreign import decode as formats
from mesh.hub.foreign.coap_client import Reply
from mesh.hub.store import sequence
from mesh.hub.tcp import runs_check
from mesh.hub.tcp.frames import Frames, frame

ALICE, BOB = signers.hash_identity(1), signers.hash_identity(2)
HASHED = signers.make_hash_kit()
KIT = Kit(HASHED.sha256, lambda *_: True, cbor.encode, cbor.decode, HASHED.random)
LIMITS = Limits()
CHAIN = Chain()
DIGEST = bytes(32)
SOURCE = ("10.0.0.9", 5353)
REFUSED = object()
CODE, PLACE = Code(KIT.sha256, "k7mp-3xqd-w9hn-r4tz"), bytes(range(80))
HOUSE = cbor.encode({"ssid": "house", "password": "correct horse"})
MOST_ENTRIES = 256
FORMATS = (None, 0, 18, 40, 42, 50, 60, 110, 112, 257, 65000)


def outcome(read, *arguments):
    """What it gives, or REFUSED if it says that this is no such thing."""
    try:
        return read(*arguments)
    except RemoteError:
        return REFUSED


def typed(value):
    """Something that is equal only for equal values of the same types."""
    if isinstance(value, list):
        return [typed(item) for item in value]
    if isinstance(value, dict):
        return [(typed(key), typed(value[key])) for key in sorted(value, key=cbor.encode)]
    return (type(value), str(value), value)


def any_cbor(data):
    """The board's decoder and the desktop's: both refuse, or both give the same."""
    ours, theirs = outcome(cbor.decode, data), outcome(hub_cbor.decode, data)
    assert (ours is REFUSED) == (theirs is REFUSED), (ours, theirs)
    if ours is not REFUSED:
        assert typed(ours) == typed(theirs)
        assert cbor.encode(ours) == data


def any_coap(data):
    """A datagram as a CoAP message."""
    message = outcome(coap.parse, data)
    if message is not REFUSED:
        assert coap.build(message) == data
        outcome(coap.Message.path, message)
        outcome(coap.Message.query, message)
        for number, _ in message.options:
            message.uint(number)


def any_dns(data):
    """A DNS message; then by who answers on port 5353, and by who asks from another port."""
    outcome(dns.parse, data)
    for layer in (
        Mdns(LIMITS, counting(1), peer_id(1), 5683, ["10.0.0.1"]),
        OneShot(LIMITS, counting(1), peer_id(1)),
    ):
        layer.start(1000)
        layer.receive(1001, SOURCE, data)
        layer.tick(3000)
        while (sending := layer.next_send()) is not None:
            dns.parse(sending[1])
        while layer.next_event() is not None:
            pass


def any_cose(data):
    """A COSE_Sign1 and its protected header."""
    parts = outcome(split, data)
    if parts is not REFUSED:
        assert cbor.encode([parts[0], {}, parts[1], parts[2]]) == data
        outcome(header, KIT, parts[0])
    outcome(header, KIT, data)


def any_signed(data):
    """A datagram as a signed request, and as a signed answer."""
    message = outcome(coap.parse, data)
    if message is not REFUSED:
        outcome(open_request, KIT, BOB.public, message)
        outcome(open_response, KIT, BOB.public, ALICE.public, DIGEST, message)


def any_run(data):
    """A run: the core's check and the fast one agree; a feed takes it or refuses it."""
    value = outcome(cbor.decode, data)
    if value is REFUSED:
        return
    run = outcome(walk, KIT, value, LIMITS)
    apart = outcome(runs_check.split, b"\x81" + data, MOST_ENTRIES)
    if apart is not REFUSED:
        fast = outcome(runs_check.linked, KIT, apart[0], LIMITS)
        assert (run is REFUSED) == (fast is REFUSED), (run, fast)
    if run is not REFUSED:
        feed = Feed(KIT, run.author, 8, limits=LIMITS)
        for _ in range(2):
            outcome(feed.join, run)
        feed.run(run.first, LIMITS.run)


def any_entry(data):
    """An entry of a feed."""
    outcome(read_entry, KIT, data)


def any_news(data):
    """What comes as an item of /feeds: heads, wishes, evidence."""
    outcome(claim, KIT, data)
    value = outcome(cbor.decode, data)
    if value is not REFUSED:
        outcome(read_wishes, value)
        outcome(fork_proof.fork_of, KIT, CHAIN.author, value, LIMITS)


def any_senml(data):
    """A SenML pack in CBOR, and its JSON."""
    value = outcome(cbor.decode, data)
    found = REFUSED if value is REFUSED else outcome(senml_reading.unpack, value)
    if found is not REFUSED:
        with contextlib.suppress(LocalError):  # more than we would write
            json.loads(senml.to_json(found))


def any_offer(data):
    """The offer of an update, and its list of files."""
    outcome(bundle.check, KIT, data)
    outcome(lambda lines: list(bundle.read_list(lines)), data.split(b"\n"))


def any_stream(data):
    """What comes over TCP, in two pieces; what is whole, as runs."""
    frames = Frames(4096)
    for part in (data[: len(data) // 2], data[len(data) // 2 :]):
        frames.feed(part)
        try:
            for message in frames.messages():
                frame(message)
                outcome(runs_check.split, message.payload, MOST_ENTRIES)
        except (RemoteError, LocalError):
            return
    outcome(runs_check.split, data, MOST_ENTRIES)


def any_file(data):
    """A file of runs: it is cut into items that make up its beginning, each of which decodes to
    what is written the same, or is refused.
    """
    cuts = []
    with contextlib.suppress(RemoteError):
        for one in sequence.cut(io.BytesIO(data)):
            cuts.append(one)
            assert 0 < len(one.data) <= sequence.MOST
    whole = b"".join(one.data for one in cuts)
    assert data.startswith(whole)
    assert [one.end for one in cuts][-1:] == ([len(whole)] if cuts else [])
    for one in cuts:
        any_run(one.data)
        any_cbor(one.data)


def any_settings(data):
    """Settings as JSON, of a board and of a desktop."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return
    for kind in ("board", "desktop"):
        with contextlib.suppress(LocalError):
            parse(value, kind)


def any_answer(data):
    """What a foreign CoAP server answers, in the format that the first byte chooses."""
    if not data:
        return
    code = 0x84 if data[0] & 0x80 else 0x45
    reply = Reply(code, FORMATS[data[0] % len(FORMATS)], data[1:])
    try:
        said = formats.describe("coap://192.0.2.1/x", reply)
    except Failure:
        return
    json.dumps(said, allow_nan=False)


def any_setup(data):
    """The body of PUT /setup, with a code that fits and without: what is in the box, too."""
    body = outcome(cbor.decode, data)
    if body is not REFUSED:
        for code in (CODE, Code(KIT.sha256, "another code, as long")):
            text = outcome(code.unseal, PLACE, body)
            if text is not REFUSED:
                assert code.seal(PLACE, body[0], text) == body
    text = outcome(
        cbor.decode, CODE.unseal(PLACE, CODE.seal(PLACE, bytes(16), data[:128] or b"x"))
    )
    if text is not REFUSED:
        wanted = outcome(network, text)
        if wanted is not REFUSED:
            parse({"wifi": [wanted]})


def any_partitions(data):
    """The table of an ESP32's flash."""
    images.partitions(data)
    images.files_at(data)


def _message():
    message = coap.Message(coap.PUT, b"", coap.CON, 7, b"token")
    message.add(coap.URI_PATH, "actuators").add(coap.URI_PATH, "lamp").add(coap.ECHO, b"e" * 12)
    seal_request(HASHED, ALICE, BOB.public, message, 60, b"\xf5")
    return message


MESSAGE = _message()
RUN = CHAIN.run(1, 6)
PACK = cbor.encode([{-2: "urn:x:", 0: "t", 1: "Cel", 2: cbor.Decimal(215, -1), 6: 7}])
MDNS = [response(records(2)), question((SERVICE, dns.PTR), (instance(label(1)), dns.SRV))]
SETTINGS = {"name": "a", "follow": "*", "sensors": {"t": {"kind": "sht3x", "every_s": 1}}}
OFFER = hashlib.sha256(b"").hexdigest().encode() + b" 12 mesh/core/cbor.mpy\n"

# each with what it starts from
TARGETS = {
    "cbor": (any_cbor, [PACK, cbor.encode(RUN)]),
    "coap": (any_coap, [coap.build(MESSAGE)]),
    "dns": (any_dns, MDNS),
    "cose": (any_cose, [MESSAGE.payload, protect(60, bytes(32), 7)]),
    "signed": (any_signed, [coap.build(MESSAGE), seal_representation(HASHED, ALICE, 60, b"\xa0")]),
    "run": (any_run, [cbor.encode(RUN)]),
    "entry": (any_entry, list(RUN[3])),
    "news": (any_news, [RUN[4], cbor.encode({b"": 0, bytes(32): None}), cbor.encode([RUN, RUN])]),
    "senml": (any_senml, [PACK]),
    "offer": (any_offer, [OFFER]),
    "statement": (statements.any_statement, statements.ONE),
    "statements": (statements.any_statements, statements.MANY),
    "stream": (any_stream, [frame(MESSAGE), runs_check.packed_all([RUN])]),
    "file": (any_file, [cbor.encode(RUN) + cbor.encode([RUN[4], RUN])]),
    "settings": (any_settings, [json.dumps(SETTINGS).encode()]),
    "answer": (any_answer, [bytes((n,)) + PACK for n in range(len(FORMATS))]),
    "setup": (any_setup, [cbor.encode(CODE.seal(PLACE, bytes(16), HOUSE)), HOUSE]),
    "partitions": (any_partitions, [b"\xaa\x50\x01\x02" + bytes(28)]),
}
