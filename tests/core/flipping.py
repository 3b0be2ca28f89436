"""Every single-bit change of a signed datagram, and what is to come of it."""

from mesh.core.coap import message as coap
from mesh.core.errors import RemoteError

# What is not signed, as it says only how a message travels: type and token length in the first
# byte, the message id and the token. (Nor is the version, but no other is understood.)
TRAVEL = 0x3F


def is_bound(datagram, bit):
    """Whether this bit, counted from the front, is one that nobody may change."""
    at, mask = bit >> 3, 0x80 >> (bit & 7)
    if at == 0:
        return not mask & TRAVEL
    return at == 1 or at >= 4 + (datagram[0] & 15)


def said(message):
    """All that a message says, apart from its signed payload."""
    return (
        message.code,
        message.path(),
        message.query(),
        [message.get(number) for number in (coap.OBSERVE, coap.ACCEPT, coap.ECHO)],
    )


def check(datagram, open_message):
    """open_message(message) must refuse each change of what is bound, and take all others for the
    same; counts of both.
    """
    right = coap.parse(datagram)
    expected = (open_message(right), said(right))
    refused = same = 0
    for bit in range(8 * len(datagram)):
        at = bit >> 3
        flipped = datagram[:at] + bytes((datagram[at] ^ 0x80 >> (bit & 7),)) + datagram[at + 1 :]
        try:
            message = coap.parse(flipped)
            result = (open_message(message), said(message))
        except RemoteError:
            # a type that does not go with its code is refused for that, and so is, as a rule, what
            # a wrong token length makes of the options
            assert is_bound(datagram, bit) or at == 0, bit
            refused += 1
        else:
            assert not is_bound(datagram, bit), bit
            assert result == expected, bit
            same += 1
    return refused, same
