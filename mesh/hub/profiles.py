"""Copies of checked settings with some values replaced."""

import copy

from mesh.core.policy.settings import Profile


def amended(profile: Profile, **others: object) -> Profile:
    """A copy of a profile with other values of some attributes, which are not checked."""
    made = copy.copy(profile)
    for name, value in others.items():
        if not hasattr(made, name):
            raise AttributeError(name)
        setattr(made, name, value)
    return made
