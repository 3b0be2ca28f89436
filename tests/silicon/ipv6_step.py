"""The step of `make silicon` about IPv6: a desktop without IPv4 finds the board and reads it."""

from board_settings import changed
from lab import HOST, StepError

OWN = "fe80::1"  # of the host, beside the address that it makes itself
LAYERS = {"layers": ["query", "group", "ipv6"]}
FOUND_S = 240


def ipv6(lab, _):
    """The board has the layer ipv6; a desktop has IPv6 alone, and knows nobody's address."""
    lab.need_joined()
    lab.with_ipv6(OWN)
    with changed(lab, discovery=LAYERS):
        since = lab.mark()
        with lab.followers(1, discovery={"interface": f"{OWN}%tap0"}) as (follower,):
            found = follower.wait("found", timeout_s=FOUND_S, peer=lab.id)
            reading = follower.wait("reading", timeout_s=FOUND_S)
            met = [one for one in lab.events("found", since) if one["peer"] == follower.id]
        frees = [event["free"] for event in lab.events("heap", since)]
        faults = lab.events("fault", since) + lab.events("ipv6", since)
    told = (
        f"found at {found['address']} ({found['how']}), a reading of {reading['sensor']}; "
        f"the board found it at {[(one['address'], one['how']) for one in met]}; "
        f"least {min(frees, default=0):,} bytes free"
    )
    if HOST.rpartition(".")[0] in found["address"] or not met or faults:
        raise StepError(f"{told}; {faults}")
    return told


STEPS = {"ipv6": ipv6}
