"""The vector of a file of runs, made from the words of docs/protocol.md section 6."""

from making_feeds import Chain, head_of
from signers import ALICE, sha256

from mesh.core.codec.cbor import encode


def file_of_runs():
    """A file of runs and evidence: alice said something else at seq 6, too."""
    chain = Chain()
    other = encode([6, [0, 3, 5, None], "note", None])
    link = sha256(chain.links[5] + other)
    second = [chain.author, 6, chain.links[5], [other], head_of(ALICE, 6, link)]
    items = [chain.run(1, 3), [chain.head(6), second], chain.run(4, 5)]
    parts = [encode(item) for item in items]
    ends = [len(b"".join(parts[: n + 1])) for n in range(len(parts))]
    return {"what": "file", "hex": b"".join(parts).hex(), "ends": ends, "held": 5, "fork": 6}
