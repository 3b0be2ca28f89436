"""Write those files of a board's cryptography that are made by a program.

Usage: python tools/generate_crypto.py
"""

from pathlib import Path

import crypto_tables
import field_code

DEVICE = Path(__file__).resolve().parent.parent / "mesh" / "device"
FILES = {
    DEVICE / "field25519.py": field_code.field,
    DEVICE / "base25519.py": crypto_tables.base_file,
    DEVICE / "sha512_words.py": crypto_tables.sha512_file,
}


def main():
    for path, text in FILES.items():
        path.write_text(text())


if __name__ == "__main__":
    main()
