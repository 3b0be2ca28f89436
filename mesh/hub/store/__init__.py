"""What a desktop keeps of the mesh's record: one SQLite file, checked against its authors."""
