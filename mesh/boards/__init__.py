"""Boards from a desktop's side: hardware data, wiring, cable, flashing, firmware, virtual ones."""
