"""Whole meshes in one process and in pretend time: the very same core; one seed decides all."""
