"""python -m mesh: the command `mesh`, where it is not on the path."""

from mesh.cli.command import main

main()
