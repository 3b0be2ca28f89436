"""Reasons why joining a Wi-Fi network failed, in words. Only loaded then."""

# network.STAT_..., whose numbers differ between ports, and its meaning
REASONS = (
    ("WRONG_PASSWORD", "the password is wrong"),
    ("HANDSHAKE_TIMEOUT", "the password is wrong, or it is too far away"),
    ("NO_AP_FOUND", "it is not heard here"),
    ("NO_AP_FOUND_W_COMPATIBLE_SECURITY", "this board lacks its security, as WPA3"),
    ("NO_AP_FOUND_IN_AUTHMODE_THRESHOLD", "its security is weaker than this board takes"),
    ("CONNECT_FAIL", "it refuses this board"),
)
# those which another try would not change
SURE = (REASONS[0][1], REASONS[2][1])


def reason_of(status: object) -> str:
    """The meaning of a WLAN status, or ""."""
    import network  # type: ignore[import-not-found] # noqa: PLC0415 - not on unix

    for name, text in REASONS:
        if getattr(network, "STAT_" + name, None) == status:
            return text
    return ""
