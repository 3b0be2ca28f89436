"""What the simulator holds for true of an author whose disk was put back."""

from mesh.lab.simulate.ledger import Author


def author():
    """It has signed 1 to 3; an honest peer has taken up to 2."""
    made = Author("shelf", honest=True)
    for seq in (1, 2, 3):
        sign(made, seq, "first")
    made.held = 2
    made.put_back()
    return made


def sign(author, seq, what):
    author.entries[seq] = {what.encode(): entry(seq, what)}
    author.links[seq] = {what.encode()}
    author.written = author.signed = max(author.signed, seq)


def entry(seq, what):
    return (seq, [0, 0, 0, 0], "note", what)


def test_what_was_on_its_way_when_a_disk_was_put_back_was_signed():
    one = author()
    assert one.wrote(entry(3, "first"))
    assert one.signed == one.written == 3
    assert one.links[3] == {b"first"}, "so that another one there breaks a rule"


def test_what_was_contradicted_since_was_not():
    one = author()
    sign(one, 3, "second")
    assert not one.wrote(entry(3, "first"))
    assert one.wrote(entry(3, "second"))


def test_what_was_never_signed_was_not():
    one = author()
    assert not one.wrote(entry(3, "forged"))
    assert not one.wrote(entry(4, "first"))
    assert one.wrote(entry(2, "first"))
