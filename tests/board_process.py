"""A board's Ed25519 and SHA-512 for CPython: MicroPython in another process, asked by lines."""

import json
import sys


def answer(root):
    """Run by MicroPython. In: a JSON list of a name and arguments in hex. Out: the result."""
    sys.path.insert(0, root)
    from mesh.device import ed25519  # noqa: PLC0415 - CPython cannot import them
    from mesh.device.crypto import sha512  # noqa: PLC0415 - CPython cannot import them

    known = {
        "public_key": ed25519.public_key,
        "sign": ed25519.sign,
        "verify": ed25519.verify,
        "sha512": sha512.sha512,
    }
    while line := sys.stdin.readline():
        name, *arguments = json.loads(line)
        result = known[name](*[bytes.fromhex(one) for one in arguments])
        print(json.dumps(result if isinstance(result, bool) else result.hex()))


class BoardKeys:
    """public_key, sign, verify and sha512 as a board computes them. A context manager."""

    def __init__(self, micropython, root):
        import subprocess  # noqa: PLC0415 - MicroPython has none

        self._process = subprocess.Popen(
            [micropython, __file__, root], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def public_key(self, secret):
        return self._ask("public_key", secret)

    def sign(self, secret, public, data):
        return self._ask("sign", secret, public, data)

    def verify(self, public, signature, data):
        return self._ask("verify", public, signature, data)

    def sha512(self, data):
        return self._ask("sha512", data)

    def _ask(self, name, *arguments):
        question = json.dumps([name] + [one.hex() for one in arguments])
        print(question, file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        assert line, f"MicroPython ended, asked {question}"
        result = json.loads(line)
        return result if isinstance(result, bool) else bytes.fromhex(result)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


if sys.implementation.name == "micropython":
    answer(sys.argv[1])
