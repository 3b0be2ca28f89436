"""The board's runtime: each file turns hardware into core calls."""
