"""Steps of `make silicon` by the emulated board's cable: its prompt, `mesh flash`, Ed25519."""

import ast
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from lab import HOST, ROOT, StepError, last_line, own_id

SECRET = bytes(range(32))
# bytes; SHA-512 has blocks of 128
LENGTHS = (0, 1, 3, 32, 100, 111, 112, 127, 128, 200, 500, 1000)
SENSOR = {"memory": {"kind": "heap", "every_s": 5}}  # one that works without a chip
FLASH_S = 600
WIFI = {"MESH_WIFI_PASSWORD": "any word"}  # the emulated chip takes each
EXAMPLE = ROOT / "hardware" / "examples" / "greenhouse.json"
# A buffer that holds a function's code, as littlefs' do after writing it, has to stay in RAM.
IN_FLASH = """
import uctypes
with open("code/0", "rb") as file:
    data = file.read()
at = 0
while not data[at + 2]:
    at = at + 4 + (data[at] | data[at + 1] << 8) + 4 & -4
buffer = bytearray(data[at + 4 : at + 4 + (data[at] | data[at + 1] << 8)])
at = uctypes.addressof(buffer)
kept = [name.encode() for name in ("not_by_the_code_in_flash", "wake_at", "judged", "contacts")]
from mesh.device.code_in_flash import load
load()()
import gc
gc.collect()
filler = [bytes(16) for _ in range(2000)]  # what was let go is written over
del filler
assert uctypes.addressof(buffer) == at, "a buffer was taken for code"
assert kept == [b"not_by_the_code_in_flash", b"wake_at", b"judged", b"contacts"], kept
"""
# Run on the board. A signature is wanted of each message, and that one with a bit changed fails.
SIGNING = """
import gc, time
from mesh.device import ed25519
secret = bytes(range(32))
public = ed25519.public_key(secret)
print((public.hex(),))
for size in {lengths}:
    data = bytes(n & 255 for n in range(size))
    gc.collect()
    a = time.ticks_us()
    signature = ed25519.sign(secret, public, data)
    b = time.ticks_us()
    right = ed25519.verify(public, signature, data)
    c = time.ticks_us()
    wrong = ed25519.verify(public, bytes((signature[0] ^ 1,)) + signature[1:], data)
    print((size, signature.hex(), time.ticks_diff(b, a), time.ticks_diff(c, b), right, wrong))
gc.collect()
print((gc.mem_alloc(), gc.mem_free()))
"""


def boot(lab, _):
    """The prompt answers: MicroPython's version, and its free heap."""
    told = lab.mpremote("exec", "import gc, sys; gc.collect(); print(gc.mem_free(), sys.version)")
    free, version = told.strip().split(" ", 1)
    if lab.holder.exists():  # a board that was kept goes on with what it did
        lab.reset()
    if int(free) < 100_000:
        raise StepError(f"{free} bytes of heap are free at the prompt")
    return f"{version.split('; ')[-1]}; {int(free):,} bytes of heap free at the prompt"


def flash(lab, _):
    """`mesh flash` of a greenhouse without a chip wired to it: all but its sensors is well."""
    settings = json.loads(EXAMPLE.read_text())
    settings |= {"console": "json", "updates": [own_id(lab.holder)]}
    settings["sensors"] |= SENSOR
    file = lab.folder / "settings.json"
    file.write_text(json.dumps(settings))
    since = lab.mark()
    done = lab.mesh(
        "flash", lab.port, "--yes", "--json", "--wifi", "lab", "--board", "pico_w",
        "--settings", file, "-i", HOST, timeout_s=FLASH_S,
        **WIFI,
    )  # fmt: skip
    events = [json.loads(line) for line in done.out.splitlines() if line.startswith("{")]
    failures = [event["failure"] for event in events if event["event"] == "failed"]
    if (done.code, failures) != (1, ["thing-failing"]):
        raise StepError(f"exit code {done.code}, {failures}: {last_line(done.err)}")
    joined = lab.joined(since)
    failing = next(event["things"] for event in events if event["event"] == "failing")
    return f"{done.seconds:.0f} s, {joined['address']}; sensors that are not wired: {len(failing)}"


def crypto(lab, _):
    """Ed25519 with code in flash, as a board runs, and without."""
    lab.need_joined()
    ways = {"code in flash": IN_FLASH, "in the heap": ""}
    lines = [f"{name}: {_signing(lab, first)}" for name, first in ways.items()]
    since = lab.mark()
    lab.reset()
    lab.joined(since)
    return "; ".join(lines)


def _signing(lab, first):
    file = lab.folder / "signing.py"
    file.write_text(first + SIGNING.format(lengths=LENGTHS))
    told = lab.mpremote("run", file, timeout_s=180)
    key, *rows, heap = [ast.literal_eval(line) for line in told.splitlines() if line[:1] == "("]
    secret = Ed25519PrivateKey.from_private_bytes(SECRET)
    if key != (secret.public_key().public_bytes_raw().hex(),):
        raise StepError(f"the public key is {key}")
    if [row[0] for row in rows] != list(LENGTHS):
        raise StepError(f"it stopped after {len(rows)} messages: {last_line(told)}")
    for size, signature, _, _, right, wrong in rows:
        expected = secret.sign(bytes(n & 255 for n in range(size))).hex()
        if (signature, bool(right), bool(wrong)) != (expected, True, False):
            raise StepError(f"{size} bytes: {signature}, verified {right}, forged {wrong}")
    sign, verify = (sorted(row[n] / 1000 for row in rows) for n in (2, 3))
    return (
        f"{len(rows)} messages right, sign {sign[0]:.1f} to {sign[-1]:.1f} ms, "
        f"verify {verify[0]:.1f} to {verify[-1]:.1f} ms, heap used {heap[0]:,} free {heap[1]:,}"
    )


STEPS = {"boot": boot, "flash": flash, "crypto": crypto}
