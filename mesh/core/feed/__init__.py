"""Feeds: append-only logs of hash-chained entries, signed heads, and fork proofs."""
