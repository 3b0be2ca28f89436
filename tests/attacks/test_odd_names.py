"""Malformed mDNS, in a network of the test's own: a few lines of it, and peers find each other."""

import pytest
from namespaces import Namespace
from stranger import Attack

MOST_KIB = 16
FINDS = {"discovery": {"layers": ["dns-sd"], "interface": "127.0.0.1"}}


@pytest.fixture
def host():
    """A host that nobody else is on, so that nobody else hears of it."""
    with Namespace() as one:
        yield one


def test_a_desktop(host, desktop, seen, times):
    victim = desktop(host=host, **FINDS)
    told_kib, memory = victim.told_kib, victim.memory_kib
    attack = Attack("odd_names", victim, times(2000, 100_000))
    attack.finish(1200)
    assert victim.is_running, victim.lines[-30:]
    other = desktop("other", host=host, **FINDS)
    victim.found(other)
    other.found(victim)
    told_kib = victim.told_kib - told_kib
    seen(
        "malformed mDNS",
        victim.kind,
        sent=attack.sent,
        memory_kib=victim.memory_kib - memory,
        told_kib=told_kib,
        ends=0,
    )
    assert not [line for line in victim.lines if "Traceback" in line], victim.lines[-60:]
    assert told_kib < MOST_KIB, victim.lines[-60:]
