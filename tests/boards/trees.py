"""What is in a folder of firmware."""

import hashlib


def tree(folder):
    """SHA-256 of each file by path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
