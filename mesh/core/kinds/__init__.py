"""Entry kinds: one file for each, and the table of them in accepting.py."""
