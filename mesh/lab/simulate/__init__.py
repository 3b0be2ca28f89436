"""Deterministic simulation of whole meshes: the real core, virtual time, one seed decides all."""
