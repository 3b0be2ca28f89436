"""Run by count_instructions.py on an emulated board: check, then count. Prints a JSON object.

One tick is as many instructions as UNIT says, as QEMU's clock goes by instructions.
"""

import gc
import json
import sys
import time

FOLDER = "/rom/"
ROUNDS = 3


@micropython.viper  # noqa: F821 - there without an import
def known(n: int):
    """Count down: what one turn costs is to be seen in the machine code, to check the unit."""
    while n:
        n -= 1


def vectors(name):
    with open(FOLDER + name + ".json") as file:
        return json.load(file)


def checked(ed25519, sha512):
    """How many vectors were right; AssertionError with the one that is not."""
    count = 0
    for case in vectors("sha512"):
        assert sha512(bytes.fromhex(case["data"])).hex() == case["digest"], case
        count += 1
    for case in vectors("rfc8032") + vectors("keys") + vectors("random"):
        parts = [bytes.fromhex(case[name]) for name in ("public", "signature", "data")]
        public, signature, data = parts
        assert ed25519.verify(public, signature, data) is case.get("valid", True), case
        if "secret" in case:
            secret = bytes.fromhex(case["secret"])
            assert ed25519.public_key(secret) == public, case
            assert ed25519.sign(secret, public, data) == signature, case
        count += 1
        gc.collect()
    return count


def ticks(function, *arguments, collecting=False):
    """The ticks of one call, and the bytes that it allocated: the most of some calls."""
    most = 0
    for _ in range(ROUNDS):
        gc.collect()
        if not collecting:
            gc.disable()
        before = gc.mem_alloc()
        start = time.ticks_us()
        function(*arguments)
        took = time.ticks_diff(time.ticks_us(), start)
        most = max(most, took)
        used = gc.mem_alloc() - before
        gc.enable()
    return most, used


def main(plain):
    found = {"bits": len(bin(sys.maxsize)) - 1}
    found["known"] = ticks(known, 1_000_000)[0]
    gc.collect()
    before = gc.mem_alloc()
    found_module = __import__("plain_ed25519" if plain else "mesh.device.ed25519")
    ed25519 = found_module if plain else found_module.device.ed25519
    sha512 = ed25519.sha512
    gc.collect()
    found["heap"] = gc.mem_alloc() - before
    if not plain:
        found["checked"] = checked(ed25519, sha512)
    secret = bytes(range(32))
    # the plain version needs more heap than there is, unless it is collected amid a signature
    public = ed25519.public_key(secret)
    data = bytes(200)
    signature = ed25519.sign(secret, public, data)
    assert ed25519.verify(public, signature, data)
    found["public_key"] = ticks(ed25519.public_key, secret, collecting=plain)
    found["sign"] = ticks(ed25519.sign, secret, public, data, collecting=plain)
    found["verify"] = ticks(ed25519.verify, public, signature, data, collecting=plain)
    found["sha512"] = ticks(sha512, data, collecting=plain)
    if not plain:
        found["signs"] = [
            ticks(ed25519.sign, bytes((n,)) * 32, public, data)[0] for n in (0, 1, 255, 0)
        ]
    print(json.dumps(found))
