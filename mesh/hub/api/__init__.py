"""The Python API, `import mesh`: a peer, its store, and typed errors."""
