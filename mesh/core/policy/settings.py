"""A peer's settings: one table of sections for boards (JSON) and desktops (TOML), checked into a
Profile.
"""

from mesh.core.codec import texts
from mesh.core.policy.checking import check, word
from mesh.core.policy.section import CABLE, SECRET, WORK, chip
from mesh.core.policy.section_table import SECTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from mesh.core.policy.consent_rows import Row
    from mesh.core.policy.retention import Keep
    from mesh.core.policy.rules import Rule
    from mesh.core.policy.section import Section
    from mesh.core.policy.section_table import Actuator, Sensor

    Table = dict[str, Any]


class Profile:
    """Checked settings. Names are resolved: all peers are given by id.

    Without methods, so that a board can unload this module once it has read its settings.
    """

    kind: str  # "board" or "desktop"
    name: str  # what this peer calls itself
    port: int  # 0: any
    names: dict[str, bytes]  # petname: id
    introduced_by: bytes | None
    sensors: "dict[str, Sensor]"
    actuators: "dict[str, Actuator]"
    allow: "dict[str, list[bytes]]"  # who may set an actuator; without a list only introduced_by
    share: "dict[str, str | list[bytes]]"  # "/sensors/x": "all" | "nobody" | [ids]
    follow: "list[bytes | str]"  # ids; "*": every peer met
    keep: "list[Keep]"  # which feeds are kept besides those followed
    history: "list[Table]"  # rules of the store: how long readings are kept
    rules: "list[Rule]"
    consent: "list[Row]"  # what it agrees to by itself, and the bounds of what may run here
    updates: list[bytes]  # whose firmware is accepted
    settings_from: list[bytes]  # who may change these settings
    # addresses given by hand, and the id there, if known
    peers: "list[tuple[bytes | None, tuple[str, int]]]"
    limits: dict[str, int]  # for Limits(**limits)
    layers: list[str]  # of discovery
    interface: str  # the IP address of the one to use
    wifi: "list[dict[str, str]]"  # [{ssid, password}]
    setup: "dict[str, Any] | None"  # {code, after_s} of a board's access point
    machine_clock: bool  # whether this machine's clock may be trusted
    console: str  # "text" or "json"
    watchdog_s: float  # seconds without progress until a board restarts; 0: never
    # (wake up every so many s, peers that get the readings, [] for all, s awake after power-on)
    sleep: "tuple[int, list[bytes], int] | None"
    relations: list[bytes]  # with whom this peer forms agreements
    promise: int  # a board's, that each sensor is read in time: percent of slack; 0: none
    secret: list[str]  # names of sections neither told nor changed over the mesh
    fixed: list[str]  # names of sections told, but changed over the cable only


def parse(
    mapping: object,
    kind: str = "board",
    paths: "Iterable[str]" = (),
    sections: "Iterable[Section]" = SECTIONS,
) -> Profile:
    """Check decoded settings (JSON or TOML). LocalError begins with the path of what is wrong.

    `paths`: resources that may be shared, besides single sensors and actuators; a runtime passes
    mesh.core.resources.sharing.shareable(). `sections`: the table.
    """
    table: Any = mapping
    check(texts.sound(table), "", (dict, "a table"))
    known = [row.key for row in sections]
    for key in table:
        word(key, "settings", known)
    profile = Profile()
    profile.kind = kind
    profile.names, profile.secret, profile.fixed = {}, [], []
    for row in sections:
        key = row.key
        value = row.default
        if key in table:
            value = table[key]
            check(value, key, row.spec, row.flags & SECRET)
        elif isinstance(value, type):
            value = value()
        made = row.read(profile, value, key) if row.read else {key: value}
        for field in made:
            setattr(profile, field, made[field])
        if row.flags & SECRET:
            profile.secret.append(key)
        elif row.flags & CABLE:
            profile.fixed.append(key)
    _there(profile, paths)
    return profile


def _there(profile: Profile, paths: "Iterable[str]") -> None:
    """Check that what is shared exists: unknown paths are errors, as a typing error could make
    public what was meant to be private.
    """
    known = list(paths)
    known += ["/sensors/" + name for name in profile.sensors]
    known += ["/actuators/" + name for name in profile.actuators]
    for path in profile.share:
        word(path[:9] + chip(profile, path[9:]), "share." + path, known)


def lessen(profile: Profile, sections: "Iterable[Section]" = SECTIONS) -> None:
    """Reduce a profile to what network and repair need (safe mode)."""
    for row in sections:
        if row.flags & WORK:
            of = row.default
            setattr(profile, row.key, of() if isinstance(of, type) else of)
