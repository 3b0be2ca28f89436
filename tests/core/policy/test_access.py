"""Who may read: the rule of a path, else of the resource above it, else everybody."""

from helpers import raises

from mesh.core.errors import RemoteError
from mesh.core.policy.access import Access

ONE, OTHER = b"1" * 32, b"2" * 32


def test_a_list_of_nobody_is_not_everybody():
    access = Access({"/sensors/x": [], "/sensors": [ONE], "/peer": []}, {}, None)
    for who in (None, ONE, OTHER):
        raises(RemoteError, access.check_read, "/sensors/x", who)
        raises(RemoteError, access.check_read, "/peer", who)
    assert not access.is_open("/sensors/x")


def test_a_rule_holds_for_what_is_below_without_its_own():
    access = Access({"/sensors": [ONE], "/sensors/y": "all"}, {}, None)
    access.check_read("/sensors/x", ONE)
    raises(RemoteError, access.check_read, "/sensors/x", OTHER)
    access.check_read("/sensors/y", None)
    access.check_read("/time", None)


def test_an_empty_list_lets_nobody_set():
    access = Access({}, {"led": []}, ONE)
    raises(RemoteError, access.check_set, "led", ONE)
    access.check_set("fan", ONE)
