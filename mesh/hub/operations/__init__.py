"""Operations of commands on a peer: one table of functions on plain data."""
