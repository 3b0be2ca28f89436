"""Successions step by step: bodies, who goes on for whom, where a feed ends, and caps."""

import signers
from helpers import raises, vectors

from mesh.core.codec import cbor
from mesh.core.errors import RemoteError
from mesh.core.relations import key as keys
from mesh.core.relations import mark as marks
from mesh.core.relations.mark import NO, YES
from mesh.core.relations.succession import Caps, Successions

KIT = signers.make_kit()
A, B, C, D, E = PEERS = [bytes([n]) * 32 for n in range(1, 6)]
LINK = b"l" * 32


def ref_of(n):
    return bytes([200, n]) + bytes(30)


def hash_of(peer):
    return KIT.sha256(peer)


def commit(made, author, seq, following, guardians=(), need=0):
    body = keys.make(hash_of(following), list(guardians), need)
    return made.key(ref_of(50 + seq), author, seq, keys.check(body))


def claim(made, new, old, seq, n=1, at=1):
    return made.key(ref_of(n), new, at, keys.check(keys.make(old=(old, seq, LINK))))


def test_bodies():
    for case in vectors("successions"):
        body = cbor.decode(bytes.fromhex(case["hex"])) if "hex" in case else None
        if case["what"] == "key":
            assert keys.check(body), case
        elif case["what"] == "refused key":
            assert raises(RemoteError, keys.check, body).detail, case


def test_what_is_made_is_read():
    key = keys.check(keys.make(hash_of(B), [D, C], 2, (A, 7, LINK), [E]))
    assert key == keys.Key((hash_of(B), (C, D), 2), None, [E], (A, 7, LINK))
    assert keys.check({4: A}).commitment is None


def told(facts):
    made = Successions(KIT)
    for what, *rest in facts:
        if what == "key":
            ref, author, body = [bytes.fromhex(one) for one in (rest[0], rest[1], rest[3])]
            made.key(ref, author, rest[2], keys.check(cbor.decode(body)))
        elif what == "mark":
            mark = marks.check(cbor.decode(bytes.fromhex(rest[1])))
            made.mark(bytes.fromhex(rest[0]), mark.ref, mark.word)
        else:
            made.forked(bytes.fromhex(rest[0]), rest[1])
    return made


def text(value):
    return value.hex() if isinstance(value, bytes) else value


def test_histories():
    cases = [case for case in vectors("successions") if case["what"] == "succession"]
    assert cases
    for case in cases:
        for facts in (case["facts"], list(reversed(case["facts"]))):
            made = told(facts)
            for old, (new, end) in case["successors"].items():
                peer = bytes.fromhex(old)
                assert (text(made.successor(peer)), made.end(peer)) == (new, end), case
            for old, rivals in case["rivals"].items():
                found = [one.hex() for one in made.rivals(bytes.fromhex(old))]
                assert found == rivals, case


def test_a_line_goes_on_and_is_followed_from_each_of_its_ends():
    made = Successions(KIT)
    commit(made, A, 3, B)
    claim(made, B, A, 9)
    commit(made, B, 2, C)
    claim(made, C, B, 5, 2)
    assert made.line(A) == made.line(B) == made.line(C) == [A, B, C]
    assert (made.now(A), made.now(B), made.now(D)) == (C, C, D)
    assert (made.former(C), made.former(A), made.end(B)) == (B, None, 5)
    assert made.succeeded() == [A, B]
    assert (made.successor(C), made.rivals(A), made.line(E)) == (None, [], [E])


def test_who_comes_back_to_itself_goes_on_as_nobody():
    made = Successions(KIT)
    commit(made, A, 3, B)
    claim(made, B, A, 9)
    commit(made, B, 2, A)
    claim(made, A, B, 5, 2)
    commit(made, E, 3, A)
    assert made.line(A) == [A]
    assert (made.now(A), made.now(B)) == (A, B)
    assert made.succeeded() == []


def test_only_a_first_entry_goes_on_with_another_feed():
    made = Successions(KIT)
    commit(made, A, 3, B)
    claim(made, B, A, 9, at=2)
    assert made.successor(A) is None
    claim(made, A, A, 1, 3)
    assert made.claims(A) == []


def test_two_first_entries_are_none():
    made = Successions(KIT)
    commit(made, A, 3, B)
    claim(made, B, A, 9)
    assert made.end(A) == 9
    claim(made, B, A, 5, 2)
    assert made.end(A) is None
    made = Successions(KIT)
    commit(made, A, 3, B)
    claim(made, B, A, 9)
    made.forked(B, 2)
    assert made.successor(A) == B, "its first entry is one"
    made.forked(B, 1)
    assert made.successor(A) is None


def test_guardians_say_yes_and_the_old_key_no():
    made = Successions(KIT)
    commit(made, A, 3, E, [C, D], 1)
    claim(made, B, A, 9)
    assert made.mark(B, ref_of(1), YES)
    assert made.voices(made.claims(A)[0]) == ([], 1)
    made.mark(C, ref_of(1), marks.OBJECT)
    assert made.successor(A) is None
    made.mark(C, ref_of(1), YES)
    assert made.successor(A) == B
    made.mark(A, ref_of(1), NO)
    assert made.voices(made.claims(A)[0]) == ([C], 2)
    assert made.successor(A) is None
    made.mark(D, ref_of(1), YES)
    assert made.successor(A) == B
    claim(made, E, A, 9, 2)
    assert (made.successor(A), made.rivals(A)) == (None, sorted([B, E]))


def test_who_goes_on_for_a_guardian_speaks_for_it():
    made = Successions(KIT)
    commit(made, A, 1, A, [C], 1)
    commit(made, C, 1, D)
    claim(made, B, A, 1, 1)
    made.mark(D, ref_of(1), YES)
    assert made.successor(A) is None
    claim(made, D, C, 1, 2)
    assert made.voices(made.claims(A)[0]) == ([C], 1)
    assert made.successor(A) == B


def test_same_is_what_both_say():
    made = Successions(KIT)
    made.key(ref_of(1), A, 4, keys.check(keys.make(same=[B, C])))
    assert not made.same(A, B)
    made.key(ref_of(2), B, 8, keys.check(keys.make(same=[A])))
    assert made.same(A, B)
    assert made.same(B, A)
    assert not made.same(A, C)


def test_what_differs_is_shown_and_a_repetition_is_none():
    made = Successions(KIT)
    for seq in (8, 3, 5):
        commit(made, A, seq, B)
    assert made.commitment(A) == (hash_of(B), (), 0)
    assert made.commitment(A, 2) is None
    for seq in range(20, 30):
        commit(made, A, seq, bytes([seq]) * 32)
    assert made.commitments(A) == [(hash_of(B), (), 0), (hash_of(bytes([20]) * 32), (), 0)]
    assert made.commitment(A, 19) == (hash_of(B), (), 0)
    assert made.commitment(A) is None


def test_caps():
    made = Successions(KIT, Caps(peers=2, claims=1, refs=1))
    assert commit(made, A, 3, B)
    assert commit(made, B, 3, C)
    assert not commit(made, C, 3, D)
    assert commit(made, A, 4, B), "who has a place keeps it"
    assert claim(made, B, A, 9)
    assert not claim(made, C, A, 9, 2)
    assert made.mark(A, ref_of(1), YES)
    assert not made.mark(A, ref_of(2), YES)
    assert made.mark(B, ref_of(1), YES)
    assert not made.mark(C, ref_of(1), YES)
    assert made.mark(C, ref_of(2), marks.SAY), "it counts for nothing, and takes no place"
    assert made.forked(A, 9)
    assert made.forked(B, 9)
    assert not made.forked(C, 9)
    assert made.successor(A) == B
