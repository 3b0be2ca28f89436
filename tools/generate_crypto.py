"""Write those files of a board's cryptography that are made by a program.

Usage: python tools/generate_crypto.py
"""

from pathlib import Path

import crypto_tables
import field_code
import point_programs

DEVICE = Path(__file__).resolve().parent.parent / "mesh" / "device" / "crypto"
# all in one: each file of its own takes a board a quarter of a KiB
HEAD = '''"""Constants of Ed25519 and SHA-512. Made by tools/generate_crypto.py. Do not edit.

Explained in tools/crypto_tables.py and tools/point_programs.py.
"""

'''
FILES = {
    DEVICE / "field25519.py": field_code.field,
    DEVICE / "tables25519.py": lambda: HEAD + crypto_tables.tables() + point_programs.programs(),
}


def main():
    for path, text in FILES.items():
        path.write_text(text())


if __name__ == "__main__":
    main()
