"""Updates of firmware and settings over the mesh: fetched, tried, rolled back on failure."""
