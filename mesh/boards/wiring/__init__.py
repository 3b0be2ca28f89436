"""Wiring pictures."""
