"""The cases of updates.json, from the words of docs/protocol.md section 10: see signers.py."""

from board_keys import ed25519
from signers import ALICE, cose_of, sha256

from mesh.core.codec.cbor import encode

AAD = encode(["othermesh-update"])
FILES = (
    ("mesh/__init__.mpy", b"first"),
    ("mesh/core/a.mpy", b""),
    ("mesh/core/b_2.mpy", b"x" * 70),
)
LISTING = "".join(f"{sha256(data).hex()} {len(data)} {path}\n" for path, data in FILES).encode()


def _offer(meaning, error=None, aad=AAD, protected=None, **changed):
    """A signed offer; with an error, one that is refused."""
    public = ed25519.public_key(ALICE)
    fields = {
        "board": "pico_w",
        "list": [len(LISTING), sha256(LISTING)],
        "made": 1_763_776_800_000,
        "version": "0.2.0+0a1b2c3d",
    }
    fields.update(changed)
    fields = {name: value for name, value in fields.items() if value is not None}
    payload = encode(fields)
    protected = encode({1: -19, 3: 60, 4: public}) if protected is None else protected
    case = {
        "what": "offer",
        "meaning": meaning,
        "signer": public.hex(),
        "external_aad": aad.hex(),
        "protected": protected.hex(),
        "payload": payload.hex(),
        "COSE_Sign1": cose_of(ALICE, protected, aad, payload).hex(),
    }
    if error:
        case["error"] = error
    else:
        case["list"] = LISTING.decode()
        case["board"], case["version"], case["made"] = (
            fields["board"], fields["version"], fields["made"],
        )  # fmt: skip
    return case


def _list(meaning, error, *lines):
    return {"what": "list", "meaning": meaning, "error": error, "list": "".join(lines)}


def line(path, size=5, digest="ab" * 32):
    return f"{digest} {size} {path}\n"


def updates():
    """The cases of updates.json."""
    public = ed25519.public_key(ALICE)
    hash_ = sha256(LISTING)
    cases = [
        _offer("a firmware of three files"),
        _offer("another separator: a head is no offer", "signature", encode(["othermesh-head"])),
        _offer("no separator: a representation is no offer", "signature", b""),
        _offer("without a kid", "signer", protected=encode({1: -19, 3: 60})),
        _offer("not CBOR", "signer", protected=encode({1: -19, 3: 0, 4: public})),
        _offer("a field more", "fields", extra=1),
        _offer("a field less", "fields", made=None),
        _offer("no list", "list", list=7),
        _offer("a list of other parts", "list", list=[1, hash_, 0]),
        _offer("a hash of another size", "hash", list=[5, hash_[:31]]),
        _offer("a list that is too large", "too large", list=[40_000, hash_]),
        _offer("a size below zero", "no size", list=[-1, hash_]),
        _offer("a size that is true", "no size", list=[True, hash_]),
        _offer("no board", "board", board=""),
        _offer("a version that is too long", "board", version="1" * 65),
        _offer("a number that is too large", "too large", made=1 << 60),
    ]
    cases += [
        _list("not in order", "order", line("mesh/b.mpy"), line("mesh/a.mpy")),
        _list("twice", "order", line("mesh/a.mpy"), line("mesh/a.mpy")),
        _list("a file too large", "too large", line("mesh/a.mpy", 65_537)),
        _list("no end of line", "line", line("mesh/a.mpy")[:-1]),
        _list("capital digits", "line", line("mesh/a.mpy", digest="AB" * 32)),
        _list("a short hash", "line", line("mesh/a.mpy", digest="ab" * 31)),
        _list("a size with a zero before it", "line", line("mesh/a.mpy", "05")),
        _list("two spaces", "line", line(" mesh/a.mpy")),
        _list("nothing", "line", "\n"),
    ]
    refused = (
        "main.py",
        "start.mpy",
        "mesh/a.py",
        "mesh/../main.mpy",
        "/mesh/a.mpy",
        "mesh/A.mpy",
    )
    refused += ("mesh//a.mpy", "mesh/.mpy", "mesh", "next/mesh/a.mpy", "mesh/" + "a" * 60 + ".mpy")
    return cases + [_list(f"the path {path}", "may not write", line(path)) for path in refused]
