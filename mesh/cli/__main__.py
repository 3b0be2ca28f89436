"""python -m mesh.cli: the command `mesh` where it is not installed."""

from mesh.cli.command import main

main()
