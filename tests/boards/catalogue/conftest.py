"""Hardware of the tests' own, beside what there is."""

from catalogue_fixtures import own

__all__ = ["own"]
