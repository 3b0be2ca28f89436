"""Commands whose first word says what is done, each with so many further words."""

from collections.abc import Mapping, Sequence

from mesh.hub.failure import USAGE, Failure

# word: (fewest and most further words, how it looks)
Forms = Mapping[str, tuple[tuple[int, int], str]]


def check(forms: Forms, what: str, words: Sequence[str], of: str) -> None:
    """Failure, with all forms, unless these words are of one. `of`: what they are about."""
    if what in forms:
        fewest, most = forms[what][0]
        if fewest <= len(words) <= most:
            return
    shown = "; ".join(form for _, form in forms.values())
    raise Failure(f"'{' '.join((what, *words))}' is no word of {of}", f"write {shown}", USAGE)
