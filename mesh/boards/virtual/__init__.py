"""Boards without hardware: the firmware on MicroPython's unix port, as processes."""
