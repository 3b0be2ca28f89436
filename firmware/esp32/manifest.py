# ruff: noqa: F821 - MicroPython's build defines these functions
# What goes into MicroPython for @MICROPYTHON@: all that its maker puts there, and this firmware.
# A frozen main.py goes before one on the file system, so the board starts as a peer by itself.
include("$(PORT_DIR)/boards/manifest.py")
freeze("files")
