"""The arithmetic of Ed25519 and SHA-512 in machine code."""
