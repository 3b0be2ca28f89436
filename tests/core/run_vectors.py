"""The vectors of runs."""

from helpers import vectors


def cases(what):
    return [case for case in vectors("feeds") if case["what"] == what]


def from_hex(case, name="hex"):
    return bytes.fromhex(case[name])
