"""Values as they are shown to people."""

from mesh.core.codec.cbor import Decimal
from mesh.core.codec.formats import plain


def test_what_json_has_no_word_for():
    value = {b"": [b"", b"\1\2"], 1: Decimal(15, -1), b"\0": (None, True)}
    assert plain(value) == {"": ["", "0102"], "1": 1.5, "00": [None, True]}, plain(value)
