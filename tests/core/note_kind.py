"""A kind of entry from outside the tree, which is this file: `note`, a text for who follows."""

from collections import namedtuple

from mesh.core.errors import RemoteError

Noted = namedtuple("Noted", ("peer", "seq", "text"))
LONGEST = 200


def check(body):
    if not isinstance(body, str) or not 0 < len(body) <= LONGEST:
        raise RemoteError("a note is a text of 1 to 200 characters")
    return body


def wants(node, author):
    return node.follows(author)


def accept(node, now_ms, author, seq, clock, text):
    node.emit(Noted(author, seq, text))
