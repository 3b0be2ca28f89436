"""Stand-ins for what a board is wired to, for both interpreters."""
