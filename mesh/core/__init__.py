"""The protocol of boards and desktops, sans-I/O: no socket, clock or randomness in it."""
