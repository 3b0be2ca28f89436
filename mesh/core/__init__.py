"""The shared protocol: no socket, clock or randomness; the same files on both interpreters."""
