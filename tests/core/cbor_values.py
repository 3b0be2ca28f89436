"""Values of the CBOR vectors, as JSON has them, and whether two are the same."""

from mesh.core.codec.cbor import Decimal


def meant(note):
    """The value that a vector notes as JSON."""
    if isinstance(note, list):
        return [meant(item) for item in note]
    if not isinstance(note, dict):
        return note
    if "bytes" in note:
        return bytes.fromhex(note["bytes"])
    if "text" in note:  # MicroPython's json does not put surrogate pairs together
        return bytes.fromhex(note["text"]).decode()
    if "decimal" in note:
        return Decimal(*note["decimal"])
    return {meant(key): meant(item) for key, item in note["map"]}


def same(a, b):
    """Equal, and of the same types: 1 is not 1.0, nor 0.0 the same as -0.0."""
    if type(a) is not type(b) or a != b:
        return False
    if isinstance(a, list):
        return all(same(a[i], b[i]) for i in range(len(a)))
    if isinstance(a, dict):
        return all(same(a[key], b[key]) for key in a)
    return not isinstance(a, float) or str(a) == str(b)
