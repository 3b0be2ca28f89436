"""A peer mesh for objects with sensors: boards and desktops as equals."""
