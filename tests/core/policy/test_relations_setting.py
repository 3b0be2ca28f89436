"""The setting `relations`: with whom a peer forms agreements, and that their feeds are kept."""

from helpers import raises
from world import World, make_identity

from mesh.core.errors import LocalError
from mesh.core.peer_id import to_text
from mesh.core.policy.retention import Interest
from mesh.core.policy.settings import lessen, parse

ANN, BOB, EVE = [make_identity(n).public for n in (1, 2, 3)]


def test_it_is_a_list_of_peers_by_name_or_id():
    table = {"names": {"ann": to_text(ANN)}, "relations": ["ann", to_text(BOB)]}
    for kind in ("board", "desktop"):
        profile = parse(table, kind)
        assert profile.relations == [ANN, BOB]
        assert parse({}, kind).relations == []
        lessen(profile)
        assert profile.relations == [], "not in safe mode"
    for wrong in ("ann", ["nobody"], [5]):
        error = raises(LocalError, parse, {"relations": wrong})
        assert error.detail.startswith("relations"), error.detail


def test_their_feeds_are_kept_and_their_readings_are_not_used():
    interest = Interest(parse({"relations": [to_text(ANN)]}), {}.get)
    assert interest.any
    assert interest.wants(ANN) == 1
    assert interest.wants(EVE) == 0
    assert interest.needs(ANN)
    assert not interest.needs(EVE)
    assert not interest.follows(ANN)
    assert interest.vouched(ANN), "a person chose it"
    assert not Interest(parse({}), {}.get).any


def test_a_node_without_the_part_only_keeps_the_feeds():
    node, _ = World().add(1, {"relations": [to_text(BOB)]})
    assert node.replicating is not None
    assert "relations" not in [of.path for of in node.peer.resources]
