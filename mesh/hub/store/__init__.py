"""The store: verified feeds and their readings in one SQLite file."""
