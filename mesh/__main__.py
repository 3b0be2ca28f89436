"""python -m mesh: the command `mesh`, where it is not on the path."""

from mesh.hub.command import main

main()
