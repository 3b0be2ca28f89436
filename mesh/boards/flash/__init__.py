"""`mesh flash`: from whatever is on the cable to a member of the mesh."""
