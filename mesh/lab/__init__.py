"""Whole meshes on one computer: the demo and the simulator."""
