"""What a program made is what it would make now."""

import generate_crypto
import pytest


@pytest.mark.parametrize("path", generate_crypto.FILES, ids=lambda path: path.name)
def test_current(path):
    text = generate_crypto.FILES[path]()
    assert path.read_text() == text, "run `python tools/generate_crypto.py`"
