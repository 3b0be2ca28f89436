"""python -m mesh.hub.cli: the command `mesh` where it is not installed."""

from mesh.hub.command import main

main()
