"""Desktop peers and boards, as all tests of what runs on a desktop use them."""

from desktop_fixtures import attic, built, home_of_two, no_wait, start, synchronised

__all__ = ["attic", "built", "home_of_two", "no_wait", "start", "synchronised"]
