"""What peers say to each other, as exchanges.json has it: proofs of forks, seams, sleep, Echo."""

import signers
from helpers import raises, vectors

from mesh.core.codec import cbor
from mesh.core.errors import RemoteError
from mesh.core.feed.chain import open_head, read_run, seam
from mesh.core.feed.fork_proof import fork_of
from mesh.core.full import seen
from mesh.core.full.agreeing import agreed
from mesh.core.kinds import asleep
from mesh.core.kit import Kit
from mesh.core.limits import Limits
from mesh.core.security.replay import Freshness

LIMITS = Limits()


def cases(what):
    found = [case for case in vectors("exchanges") if case["what"] == what]
    assert found, what
    return found


def from_hex(case, name="hex"):
    return bytes.fromhex(case[name])


def test_evidence():
    kit = signers.make_kit()
    for case in cases("evidence"):
        pair = cbor.decode(from_hex(case))
        for one in (pair, pair[::-1]):
            fork = fork_of(kit, from_hex(case, "author"), one, LIMITS)
            assert fork == case["fork"], (case["meaning"], fork)
    for case in cases("refused evidence"):
        pair = cbor.decode(from_hex(case))
        assert raises(RemoteError, fork_of, kit, from_hex(case, "author"), pair, LIMITS)


def test_seams():
    kit = signers.make_kit()
    for case in cases("seam"):
        author, seq = from_hex(case, "author"), case["seq"]
        assert seam(kit, author, seq) == from_hex(case, "link"), seq
        run = read_run(kit, cbor.decode(from_hex(case, "run")), LIMITS)
        assert (run.author, run.first, run.before) == (author, seq + 1, from_hex(case, "link"))


def test_asleep():
    for case in cases("asleep"):
        assert asleep.check(cbor.decode(from_hex(case))) == case["seconds"], case
    for case in cases("refused asleep"):
        raises(RemoteError, asleep.check, cbor.decode(from_hex(case)))


def test_seen():
    for case in cases("seen"):
        rows = [(bytes.fromhex(a), seq, bytes.fromhex(b)) for a, seq, b in case["rows"]]
        assert seen.check(cbor.decode(from_hex(case))) == rows, case
    for case in cases("refused seen"):
        raises(RemoteError, seen.check, cbor.decode(from_hex(case)))


def test_witnessed():
    for case in cases("witnessed"):
        said = [(who.encode(), seq, bytes.fromhex(link)) for who, seq, link in case["said"]]
        found = agreed(said, case["fork"])
        kept = [found[0][0], found[0][1].hex()] if found else None
        assert kept == case["kept"], (case["meaning"], found)


def test_the_dialogue():
    """Every item of an answer is told by its type, and proves itself."""
    kit = signers.make_kit()
    author = signers.identity(signers.ALICE).public
    for case in cases("dialogue"):
        items = cbor.decode(from_hex(case, "answer"))
        assert len(items) == len(case["items"]), case["meaning"]
        for at in range(len(items)):
            item, kind = items[at], case["items"][at]
            if kind == "run":
                assert read_run(kit, item, LIMITS).author == author
            elif kind == "head":
                assert open_head(kit, author, item)[0] == 6
            else:
                assert (kind, item) == ("cursor", 6), case["meaning"]


def kit_with(secret):
    """A kit whose randomness is that."""
    kit = signers.make_kit()
    return Kit(kit.sha256, kit.verify, kit.encode, kit.decode, lambda _: secret)


def test_echo_values():
    for case in cases("echo"):
        secret = from_hex(case, "secret")
        freshness = Freshness(kit_with(secret), LIMITS)
        subject, value = from_hex(case, "subject"), from_hex(case, "value")
        assert freshness.challenge(case["ms"], subject) == value, case
        assert freshness.answers(case["good_until_ms"], subject, value), case
        assert not freshness.answers(case["good_until_ms"] + 16, subject, value), case
        assert not freshness.answers(case["ms"], b"another", value), case
