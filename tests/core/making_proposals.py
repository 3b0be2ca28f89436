"""The cases of settings.json, from the words of docs/protocol.md section 11: see signers.py."""

from board_keys import ed25519
from signers import ALICE, cose_of, sha256

from mesh.core.codec.cbor import encode

AAD = encode(["othermesh-settings"])
TEXT = b'{"name": "hall"}\n'
BOARD = bytes(range(32))


def _offer(meaning, error=None, aad=AAD, protected=None, **changed):
    """A signed offer; with an error, one that is refused."""
    public = ed25519.public_key(ALICE)
    fields = {"base": sha256(b"{}"), "made": 1_763_776_800_000, "peer": BOARD}
    fields["settings"] = [len(TEXT), sha256(TEXT)]
    fields.update(changed)
    fields = {name: value for name, value in fields.items() if value is not None}
    payload = encode(fields)
    protected = encode({1: -19, 3: 60, 4: public}) if protected is None else protected
    case = {
        "meaning": meaning,
        "signer": public.hex(),
        "external_aad": aad.hex(),
        "protected": protected.hex(),
        "payload": payload.hex(),
        "COSE_Sign1": cose_of(ALICE, protected, aad, payload).hex(),
    }
    if error:
        return case | {"error": error}
    text = {"peer": BOARD.hex(), "base": fields["base"].hex(), "text": TEXT.decode()}
    return case | text | {"made": fields["made"]}


def proposals():
    """The cases of settings.json."""
    public = ed25519.public_key(ALICE)
    digest = sha256(TEXT)
    return [
        _offer("the settings of one board"),
        _offer("an offer of firmware is none", "signature", encode(["othermesh-update"])),
        _offer("no separator: a representation is none", "signature", b""),
        _offer("without a kid", "signer", protected=encode({1: -19, 3: 60})),
        _offer("not CBOR", "signer", protected=encode({1: -19, 3: 0, 4: public})),
        _offer("a field more", "fields", extra=1),
        _offer("a field less", "fields", base=None),
        _offer("no size", "size and hash", settings=7),
        _offer("a size, a hash and more", "size and hash", settings=[1, digest, 0]),
        _offer("a hash of another size", "a hash", settings=[5, digest[:31]]),
        _offer("an id of another size", "an id", peer=BOARD[:31]),
        _offer("a base that is text", "a hash", base="ab" * 16),
        _offer("settings that are too large", "a number", settings=[16_385, digest]),
        _offer("a size below zero", "a number", settings=[-1, digest]),
        _offer("a size that is true", "a number", settings=[True, digest]),
        _offer("a number that is too large", "a number", made=1 << 60),
    ]
