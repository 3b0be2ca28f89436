"""Whole meshes in one process and in pretend time: the very same core, and one seed decides all."""
