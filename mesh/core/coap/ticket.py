"""An incoming request, from its arrival to its response, and as long as it is an observation."""

from mesh.core.coap import message as coap
from mesh.core.coap.reliability import Timed

# states of a ticket: it waits
APPLICATION = 0  # for the application to answer; a CON is acknowledged if that takes long
LATER = 1  # for the time to send what is held
ACKNOWLEDGED = 2  # for the acknowledgement of its message in flight
NOTHING = 3
PINGED = 4  # for the reset of a ping, before the answer: see Replies._answer


class Ticket(Timed):
    """One incoming request."""

    state = APPLICATION
    reply = b""  # the reply to duplicates: an empty or piggybacked acknowledgement
    held = b""  # the next datagram, while another is under way
    observe: int | None = None  # 0: it asks to observe, or does
    block1: int | None = None
    block2: int | None = None
    group = False
    stray = False  # it may have come by a group, so no errors are sent
    patient = False  # a single reset does not end its observation
    quiet = 0  # the classes of responses that are suppressed (RFC 7967 s.2.1)
    count = 0  # notifications
    con_ms = 0
    until = 0

    def __init__(
        self, address: tuple[str, int], message: coap.Message, size: int, group: bool
    ) -> None:
        self.address = address
        self.request: coap.Message | None = message
        self.key = address, message.sum
        self.asked = message.mid
        self.type = message.type
        self.token = message.token
        self.size = size
        if group:
            self.group = True
            self.quiet = 24  # no 4.xx or 5.xx to a group request (RFC 7252 s.8.2)

    def once(self) -> None:
        """Do not begin the observation that was requested."""
        self.observe = None
