# ruff: noqa: F821 - MicroPython's build defines these functions
# What goes into the unix port: asyncio, which all of it needs, and this firmware.
include("$(MPY_DIR)/extmod/asyncio")
freeze("files")
