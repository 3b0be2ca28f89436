"""What a view shows on a screen of 80 columns."""

from rich.console import Console


def peer_row(**changes):
    row = {
        "id": "a" * 52, "short": "aaaaaaaa", "name": "greenhouse", "petname": "",
        "label": "greenhouse", "kind": "board", "state": "up",
        "addresses": ["192.168.1.120:5683"], "how": "mdns",
        "heard_s": 12.5, "verified": 1234, "refused": 0,
    }  # fmt: skip
    return row | changes


def screen(renderable, width=80):
    console = Console(width=width, highlight=False)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()
