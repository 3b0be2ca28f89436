"""The board's runtime: drives the shared node on MicroPython, with the board's hardware."""
