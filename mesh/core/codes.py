"""Response codes of CoAP by their names (RFC 7252 s.12.1.2): nowhere else are they numbers."""

# classes, as code >> 5
SUCCESS = 2
REFUSAL = 4  # client error: a wrong request, or one without the right to it

CREATED = 0x41
DELETED = 0x42
VALID = 0x43
CHANGED = 0x44
CONTENT = 0x45
CONTINUE = 0x5F  # RFC 7959
BAD_REQUEST = 0x80  # the first error code: all from here on are errors
UNAUTHORIZED = 0x81
BAD_OPTION = 0x82
FORBIDDEN = 0x83
NOT_FOUND = 0x84
NOT_ALLOWED = 0x85
NOT_ACCEPTABLE = 0x86
INCOMPLETE = 0x88
CONFLICT = 0x89  # RFC 8132
TOO_LARGE = 0x8D
UNSUPPORTED = 0x8F
TOO_MANY = 0x9D  # RFC 8516
FAULT = 0xA0
UNAVAILABLE = 0xA3
TIMEOUT = 0xA4
NO_PROXY = 0xA5


def text(code: int) -> str:
    """A code in the usual form: 0x45 is "2.05"."""
    return f"{code >> 5}.{code & 31:02d}"
