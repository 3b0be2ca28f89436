"""python -m mesh.hub.cli: the command `mesh` where it is not installed."""

from mesh.hub.cli import main

main()
