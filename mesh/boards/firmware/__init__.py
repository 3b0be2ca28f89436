"""Build of a board's firmware: lean sources, joined modules, compiled files, a ROM image."""
