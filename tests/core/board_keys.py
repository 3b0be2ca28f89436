"""Ed25519 and SHA-512 for tests that run twice: a board's where it runs, else the plain one."""

try:
    from mesh.device import ed25519
    from mesh.device.crypto.sha512 import sha512
except (
    ImportError,
    SyntaxError,
):  # CPython has no compiler for viper, nor has MicroPython in WebAssembly
    import plain_ed25519 as ed25519
    from plain_sha512 import sha512

__all__ = ["ed25519", "sha512"]
