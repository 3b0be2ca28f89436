"""Desktop peers and boards, as all tests of what runs on a desktop use them."""

from desktop_fixtures import attic, built, start, synchronised

__all__ = ["attic", "built", "start", "synchronised"]
