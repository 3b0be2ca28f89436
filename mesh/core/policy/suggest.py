"""Suggests the known word nearest to a misspelt one."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def near(word: str, known: "Iterable[str]") -> "str | None":
    """The word of `known` that `word` may be a misspelling of, or None."""
    best, least = None, 3  # at most two edits away
    for other in sorted(known):
        row = list(range(len(other) + 1))  # edit distance, one row at a time
        for i, a in enumerate(word[:40]):
            corner = i
            row[0] = i + 1
            for j, b in enumerate(other):
                above = row[j + 1]
                row[j + 1] = min(corner + (a != b), row[j] + 1, above + 1)
                corner = above
        slips = 2 if word and other.startswith(word) else row[-1]
        if slips < min(least, len(other)):
            best, least = other, slips
    return best
