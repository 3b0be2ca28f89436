"""Agreements and promises as relations.json has them: bodies, states, and what facts amount to."""

import signers
from helpers import raises, vectors

from mesh.core.codec import cbor
from mesh.core.errors import LocalError, RemoteError
from mesh.core.relations import mark as marks
from mesh.core.relations import pact as pacts
from mesh.core.relations.agreements import Agreements
from mesh.core.relations.pact import FOUNDING, PROMISE, RULE, SIDE, WITH
from mesh.core.relations.weighing import state_of

JUDGED = {"founding": FOUNDING, "promise": PROMISE, "with": WITH, "rule": RULE, "side": SIDE}
KIT = signers.make_kit()


def cases(what):
    found = [case for case in vectors("relations") if case["what"] == what]
    assert found, what
    return found


def body_of(case):
    return cbor.decode(bytes.fromhex(case["hex"]))


def test_pacts():
    for case in cases("pact"):
        assert pacts.check(body_of(case)).judged == JUDGED[case["judged"]], case
    for case in cases("refused pact"):
        error = raises(RemoteError, pacts.check, body_of(case))
        assert error.detail, case


def test_marks():
    for case in cases("mark"):
        assert marks.check(body_of(case)).word == case["word"], case
    for case in cases("refused mark"):
        raises(RemoteError, marks.check, body_of(case))


def test_what_is_made_is_read():
    body = pacts.make(within=bytes(32), text="x", terms=[], private=False, after=None)
    assert body == {1: bytes(32), 6: "x"}
    pact = pacts.check(body)
    assert (pact.within, pact.text, pact.terms, pact.end_s) == (bytes(32), "x", [], None)
    body = marks.make(bytes(32), marks.NO, "too cold")
    assert marks.check(body) == marks.Mark(bytes(32), marks.NO, "too cold", None)
    raises(LocalError, marks.check, marks.make(bytes(32), marks.NO, chr(0xD800)))


def test_states():
    for case in cases("state"):
        members = [bytes.fromhex(one) for one in case["members"]]
        state = state_of(KIT, bytes.fromhex(case["circle"]), members, case["need"])
        assert state.hex() == case["state"], case


def told(facts):
    made = Agreements(KIT)
    for what, *rest in facts:
        parts = [bytes.fromhex(one) for one in rest]
        if what == "pact":
            made.pact(parts[0], parts[1], pacts.check(cbor.decode(parts[2])))
        elif what == "mark":
            made.mark(parts[0], marks.check(cbor.decode(parts[1])))
        else:
            made.forked(parts[0])
    return made


def test_histories():
    for case in cases("history"):
        for facts in (case["facts"], list(reversed(case["facts"]))):
            made = told(facts)
            for ref, state in case["states"].items():
                assert made.state(bytes.fromhex(ref)) == state, (case["meaning"], ref)
            first = bytes.fromhex(case["facts"][0][1])
            at, rivals = made.now(first)
            assert (at.hex(), [one.hex() for one in rivals]) == (case["now"], case["rivals"]), case
            if rivals:
                liars = [one.hex() for one in made.liars(*rivals)]
                assert sorted(liars) == case["liars"], case["meaning"]
