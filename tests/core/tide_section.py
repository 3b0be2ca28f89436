"""A section of the settings from outside the tree, which is this file: `tide`, at which height of
the water to warn, and whom.
"""

from mesh.core.policy.section import CABLE, PEERS, Section, ids_of

SPEC = {"warn_cm": (int, "a whole number", 0, 2000), "tell": PEERS}


def read(profile, value, key):
    told = ids_of(profile, value.get("tell", []), key + ".tell")
    return {"tide": (value.get("warn_cm", 300), told)}


TIDE = Section("tide", SPEC, dict, read, CABLE)
