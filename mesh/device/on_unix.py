"""What only virtual boards need: the machine's own address, and a console that may end."""

PORTS = ("unix",)


def machine_address() -> str:
    """The IPv4 address of this machine's first interface except loopback."""
    last = ""
    try:
        with open("/proc/net/fib_trie") as file:
            for line in file:
                words = line.split()
                if words[0] == "|--":
                    last = words[1]
                elif words[:3] == ["/32", "host", "LOCAL"] and last[:4] != "127.":
                    return last
    except OSError:
        pass
    return "127.0.0.1"


async def listen() -> None:
    """Stop at a Ctrl-C on standard input, or at its end if something came before.

    As a signal, Ctrl-C may interrupt a collection of the unix port and leave the heap locked.
    """
    import sys  # noqa: PLC0415 - heap only while it runs

    from mesh.device.sockets import readable  # noqa: PLC0415

    heard = ""
    while True:
        await readable(sys.stdin)
        char = sys.stdin.read(1)
        if char == "\x03" or (heard and not char):
            raise KeyboardInterrupt
        if not char:
            return
        heard = char
