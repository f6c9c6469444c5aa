"""Communities: bounded, the same for the same seed, and one sentence where the package is missing."""

from __future__ import annotations

import sys

import pytest

from bonafide.lab.rings.community import MEMBERS_MAX, MissingExtraError, community
from tests.lab.rings.kit import honest, ties

RING = [(user, shop, 300, -shop % 3) for user in range(200, 212) for shop in range(20, 24)]


def test_a_ring_is_the_first_community() -> None:
    pytest.importorskip("graspologic_native")
    tied = ties([*honest(200, 20, 1_500), *RING], [(user, 0) for user in range(200, 206)], users=212, merchants=24)
    found = community(tied, 7)
    best = max(found, key=lambda one: float(one.scores[0]))
    assert best.members.tolist() == [*range(200, 212), *(212 + shop for shop in range(20, 24))]
    assert all(one.members.size <= MEMBERS_MAX for one in found)
    members = [member for one in found for member in one.members.tolist()]
    assert len(members) == len(set(members))


def test_the_same_seed_gives_the_same_communities() -> None:
    pytest.importorskip("graspologic_native")
    tied = ties(honest(300, 30, 2_000), users=300, merchants=30)
    one, two = ([(g.members.tolist(), g.scores.tolist()) for g in community(tied, 3)] for _ in range(2))
    assert one == two


def test_no_ties_have_no_communities() -> None:
    pytest.importorskip("graspologic_native")
    assert community(ties(users=2), 7) == []


def test_a_missing_package_is_told_with_the_way_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graspologic_native", None)
    with pytest.raises(MissingExtraError) as told:
        community(ties(users=2), 7)
    assert str(told.value) == (
        "the method community needs the package graspologic-native; pip install 'bonafide[rings]' brings it"
    )
