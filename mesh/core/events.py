"""Events from a node to its runtime. Values only; a runtime may ignore any of them."""

from collections import namedtuple

# endpoint -> node
Requested = namedtuple("Requested", ("ticket", "source", "message", "group"))
Answered = namedtuple("Answered", ("number", "source", "message", "more"))
Failed = namedtuple("Failed", ("number", "reason"))
ObserverGone = namedtuple("ObserverGone", ("ticket", "reason"))

# mdns -> node: a peer id (32 bytes) was announced at (host, port), or its announcement withdrawn
Announced = namedtuple("Announced", ("peer", "address", "how"))
Withdrawn = namedtuple("Withdrawn", ("peer",))

# node -> runtime
PeerFound = namedtuple("PeerFound", ("peer", "name", "address", "how"))
PeerLost = namedtuple("PeerLost", ("peer", "reason"))
# a verified reading of a followed peer; clock: [quality, boots, ms since boot, Unix ms or None]
Reading = namedtuple("Reading", ("peer", "seq", "sensor", "unit", "value", "clock"))
# an answer to Node.ask; error is None or a text; code 0 means that no answer came
Answer = namedtuple(
    "Answer", ("number", "code", "content_format", "payload", "signed", "error", "more")
)
Refused = namedtuple("Refused", ("source", "peer", "code", "detail"))
Actuated = namedtuple("Actuated", ("name", "value", "by"))
Forked = namedtuple("Forked", ("peer", "seq"))
# a peer holds newer entries of our own feed than we do; seq: where the feed goes on, 0 if it ended
Restored = namedtuple("Restored", ("peer", "seq", "reason"))
