"""Inputs that are nearly good ones."""

MOST = 1400  # bytes of an input: what fits a datagram


def changed(dice, data):
    """The bytes with some changed, put in, taken out, doubled or cut off; at most MOST."""
    data = bytearray(data)
    random = dice.random
    for _ in range(int(random() * 7)):
        at = int(random() * (len(data) + 1))
        how = int(random() * 6)
        if how == 0 and at < len(data):
            data[at] = int(random() * 256)
        elif how == 1 and at < len(data):
            data[at] ^= 1 << int(random() * 8)
        elif how == 2:
            data[at:at] = dice.randbytes(1 + int(random() * 9))
        elif how == 3:
            data[at : at + 1 + int(random() * 9)] = b""
        elif how == 4:
            data[at:at] = data[at : at + 1 + int(random() * 40)]
        else:
            del data[at:]
    return bytes(data[:MOST])
