"""A peer's home folder: key, counters, settings, names."""
